from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciner.report import figures, sections
from sciner.report.compared import compare_runs
from sciner.report.figure_tables import by_class
from sciner.report.render import NONE
from sciner.results.folder import RunFolder
from sciner.results.records import records
from tests.runs import write_run


def test_classes_are_those_of_the_run_and_not_whatever_has_an_f1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(
        tmp_path / "a",
        "seed=0",
        [{"test/f1/micro": 0.5, "test/f1/a_new_average": 0.5, "test/f1/Task": 0.5}],
    )
    shown: list[Sequence[str]] = []

    def heat(compared: Any, classes: Sequence[str], change: bool) -> None:
        shown.append(classes)

    monkeypatch.setattr(figures, "heat", heat)
    assert list(sections.classes(compare_runs(records([tmp_path])))) == [] and shown == [["Task"]]


def test_dropped_gold_is_shown_by_split_and_its_score_by_run(tmp_path: Path) -> None:
    scores = {"test/f1/micro": 0.5, "test/gain/micro": 0.0, "test/with_dropped/f1": 0.4}
    lost = {"dev": {"spans": 3}, "test": {"spans": 1200}}
    for name, words in (("a", "seed=0"), ("b", "seed=1")):
        run = write_run(tmp_path / name, words, [scores])
        RunFolder(run, run).about(dropped=lost)
    compared = compare_runs(records([tmp_path]))
    (section,) = sections.dropped(compared)
    assert section.table and section.table.rows == (("sample", "0", "3", "1,200"),)
    (every,) = sections.every_run(compared)
    assert every.table and every.table.headings[-1] == "F1 with dropped spans as misses"
    assert [row[-1] for row in every.table.rows] == ["0.400", "0.400"]


def test_a_page_of_runs_that_lost_no_gold_does_not_speak_of_it(tmp_path: Path) -> None:
    write_run(tmp_path / "a", "seed=0", [{"test/f1/micro": 0.5, "test/gain/micro": 0.0}])
    compared = compare_runs(records([tmp_path]))
    assert not list(sections.dropped(compared))
    (every,) = sections.every_run(compared)
    assert every.table and every.table.headings[-1] == "gain on round 0"


def test_a_class_that_a_run_lacks_in_a_round_has_a_dash(tmp_path: Path) -> None:
    """And its support and its difference from round 0 stand beside those that are known."""
    scores = {"test/f1/micro": 0.5, "test/support/Task": 40.0}
    for name, words, f1 in (
        ("a", "threshold=accept_all seed=0", (0.5, 0.7)),
        ("b", "threshold=fixed seed=0", (0.4,)),
    ):
        write_run(tmp_path / name, words, [scores | {"test/f1/Task": value} for value in f1])
    table = by_class(compare_runs(records([tmp_path])), ["Task"])
    assert table.headings[1:] == (
        *("class", "support", "round 0", "round 1", "round 1 minus round 0"),
    )
    assert table.rows == (
        ("accept_all", "Task", "40", "0.500*", "0.700*", "+0.200*"),
        ("fixed", "Task", "40", "0.400*", NONE, NONE),
    )


def test_few_spans_are_hollow_and_no_line_leads_to_them() -> None:
    bins = [(0.3, 0.2, 19), (0.5, 0.4, 20), (0.7, 0.8, 19), (0.9, 0.9, 200)]
    (axes,) = figures.reliability(bins).axes
    assert np.isnan(axes.lines[1].get_ydata()).tolist() == [True, False, True, False]
    solid, hollow = axes.collections
    assert solid.get_offsets().tolist() == [[0.5, 0.4], [0.9, 0.9]]
    assert hollow.get_offsets().tolist() == [[0.3, 0.2], [0.7, 0.8]]
    assert not len(hollow.get_facecolor())


def test_points_stand_on_their_ticks(tmp_path: Path) -> None:
    """One line on them, several around them."""
    silver = {"silver/precision/micro": 0.7, "silver/recall/micro": 0.5, "test/f1/micro": 0.5}
    for kind in ("accept_all", "fixed"):
        for size in ("5%", "10%"):
            words = f"threshold={kind} data.seed_size={size} seed=0"
            write_run(tmp_path / size / f"{kind}{size}", words, [silver])
    for places, offsets in (([tmp_path / "5%"], [0.0]), ([tmp_path], [-0.03, 0.03])):
        figure = figures.by_threshold(compare_runs(records(places)), ["threshold"])
        assert figure
        lines = figure.axes[0].lines
        found = {round(line.get_xdata()[0], 3) for line in lines if line.get_marker() in "os"}
        assert sorted(found) == offsets
