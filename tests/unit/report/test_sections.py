from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sciner.report import figures, sections
from sciner.report.compared import compare_runs
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
