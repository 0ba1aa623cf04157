from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.report.compared import compare_runs
from sciner.report.paper import READINGS, beside_the_paper
from sciner.report.published import papers
from sciner.results.records import records
from tests.runs import write_run

SCORES = {
    "test/accuracy/token": 0.95,
    "test/all_o/accuracy/token": 0.9,
    "test/all_o/f1/token_weighted": 0.85,
    "test/f1/token_weighted": 0.94,
    "test/f1/token_weighted_without_o": 0.4,
    "test/f1/micro": 0.3,
}


def rows_of(place: Path, **words: str) -> list[Mapping[str, str]]:
    compared = compare_runs(records([place]), **words)  # type: ignore[arg-type]
    (section,) = beside_the_paper(compared)
    assert section.table
    return [dict(zip(section.table.headings, row, strict=True)) for row in section.table.rows]


def test_every_reading_of_a_figure_has_its_own_column(tmp_path: Path) -> None:
    """Published figures first; one whose reading is not stated is beside the readings, not in
    one."""
    later = SCORES | {"test/f1/micro": 0.2, "drift/churn": 0.1}
    write_run(tmp_path / "a", "seed=0", [SCORES, later])
    rows = rows_of(tmp_path, paper="2502.16312")
    accuracy, f1, *_ = rows
    assert all("2502.16312" in row["figures of"] for row in (accuracy, f1))
    words = list(READINGS.values())
    assert [accuracy[name] for name in words] == ["0.997", "–", "–", "–", "–"]
    assert [f1[name] for name in words] == ["–"] * 5
    assert f1["F1, reading not stated"] == "0.960"
    all_o, first, last = rows[-3:]
    assert [all_o[name] for name in words] == ["0.900", "0.850", "–", "0.000", "–"]
    assert [first[name] for name in words] == ["0.950*", "0.940*", "0.400*", "0.300*", "–"]
    assert [last[name] for name in words] == ["0.950*", "0.940*", "0.400*", "0.200*", "0.900*"]
    assert [row["round"] for row in rows[-3:]] == ["–", "0", "1"]


def test_each_setting_of_the_runs_has_its_own_rows(tmp_path: Path) -> None:
    for kind in ("accept_all", "fixed"):
        for seed in (0, 1):
            scores = {"test/f1/micro": 0.3 + seed / 10}
            write_run(tmp_path / f"{kind}{seed}", f"threshold={kind} seed={seed}", [scores])
    rows = [row for row in rows_of(tmp_path, paper="2502.16312") if row["round"] == "0"]
    assert [row["setting"] for row in rows] == ["threshold=accept_all", "threshold=fixed"]
    assert {row["entity F1, strict micro"] for row in rows} == {"0.350 [0.032, 0.898]"}


def test_a_page_without_a_paper_says_nothing_of_one(tmp_path: Path) -> None:
    write_run(tmp_path / "a", "seed=0", [SCORES])
    assert not list(beside_the_paper(compare_runs(records([tmp_path]))))


def test_a_paper_of_which_no_figures_are_known_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "a", "seed=0", [SCORES])
    assert papers() == ["2502.16312"]
    with pytest.raises(InputError, match=r"did you mean '2502\.16312'"):
        rows_of(tmp_path, paper="2502.16313")
