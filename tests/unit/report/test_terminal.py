"""Tables in a terminal: nothing is cut, however narrow it is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sciner.report.render import Table
from sciner.report.terminal import parts_that_fit, print_table

FIGURES = (
    "F1 micro",
    "F1 macro",
    "gain over round 0",
    "minus threshold=accept_all",
    "gold sentences",
)
ROW = ("cmu_sciner", "per_class", *(f"+0.{n}01 [-0.{n}02, +0.{n}03]" for n in range(1, 5)), "1,234")
WIDE = Table(("corpus", "threshold", *FIGURES), (ROW, ROW), 2, ("A note.",))


@pytest.mark.parametrize("width", [50, 80, 90, 100, 140, 200])
def test_every_cell_of_a_table_is_shown_in_any_width(width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    print_table(console, WIDE)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= width and text.count("A note.") == 1
    for number in range(1, 5):
        assert text.count(f"+0.{number}01") == 2
        assert text.count(f"-0.{number}02") == text.count(f"+0.{number}03") == 2
    assert text.count("1,234") == 2 and "threshold=accept_all" in text


def test_a_table_is_split_only_where_it_does_not_fit() -> None:
    assert parts_that_fit(WIDE, 200) == [WIDE]
    parts = parts_that_fit(WIDE, 80)
    assert len(parts) == 2 and all(part.headings[:2] == WIDE.headings[:2] for part in parts)
    assert (*parts[0].headings[2:], *parts[1].headings[2:]) == FIGURES
