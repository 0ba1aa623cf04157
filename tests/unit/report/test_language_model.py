"""The report shows a language model as an annotator: quality, price, classes and errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.launch.job import say_scores
from sciner.report.answer import results
from sciner.report.answer_tables import cost_table
from sciner.report.compared import compare_runs
from sciner.report.language_model import language_model
from sciner.report.render import NONE
from sciner.report.sections import every_run
from sciner.report.terminal import console, print_run
from sciner.results.records import records
from tests.runs import write_run

TAGGER = {"test/f1/micro": 0.5, "test/gain/micro": 0.0}
ASKED = {
    **TAGGER,
    "budget/money": 0.0125,
    "llm/teacher/sentences": 1200.0,
    "llm/teacher/f1/micro": 0.25,
    "llm/teacher/f1/Task": 0.2,
    "llm/teacher/kappa": -0.1,
    "llm/teacher/errors/missed": 30.0,
    "llm/teacher/faults/unaligned": 1234.0,
    "llm/teacher/money_per_correct_span": 0.000125,
}


def test_each_role_has_its_tables_and_settings_without_it_have_no_row(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path / f"a{seed}", f"threshold=accept_all seed={seed}", [TAGGER, ASKED])
    write_run(tmp_path / "b", "threshold=fixed seed=0", [TAGGER, TAGGER])
    compared = compare_runs(records([tmp_path]))
    worth, classes, errors = language_model(compared)
    assert worth.table and classes.table and errors.table
    money = "money per correct span"
    assert worth.table.headings == ("threshold", "sentences", "F1", "kappa", money)
    ((setting, sentences, f1, kappa, price),) = worth.table.rows
    assert (setting, sentences, price) == ("accept_all", "1,200", "0.000125")
    assert f1.startswith("0.250 [") and kappa.startswith("-0.100 [")
    assert classes.table.headings == ("threshold", "Task")
    assert errors.table.rows == (("accept_all", "30", "1,234"),)
    cost = cost_table(compared, results(compared))
    money_of = {row[0]: row[cost.headings.index("money")] for row in cost.rows}
    assert money_of == {"accept_all": "0.0125", "fixed": NONE}


def test_runs_that_ask_nobody_have_no_such_section(tmp_path: Path) -> None:
    write_run(tmp_path / "a", "seed=0", [TAGGER])
    assert not list(language_model(compare_runs(records([tmp_path]))))


def test_a_run_without_a_seed_set_begins_with_round_1_wherever_it_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"round": number, "scores": {**ASKED, "test/gain/micro": 0.125}, "warnings": []}
        for number in (1, 2)
    ]
    print_run(console(), rows, ["Task"])
    say_scores(rows)
    text = " ".join(capsys.readouterr().out.split())
    assert " round 1 2 " in text
    assert text.count("over round 1") == 2 and "model as teacher: F1" in text
    write_run(tmp_path / "a", "seed=0", [TAGGER, ASKED])
    (section,) = every_run(compare_runs(records([tmp_path])))
    assert section.table and section.table.rows[0][2] == "1"
