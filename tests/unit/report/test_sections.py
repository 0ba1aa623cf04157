from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sciner.report import figures, sections
from sciner.report.compared import compare_runs
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
