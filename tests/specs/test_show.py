"""`sciner show`: what a run said of its sentences, beside the gold, as text that steers no
terminal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.report.propagation import propagation
from sciner.report.sentences import findings_of, read_part
from sciner.results.folder import RunFolder
from sciner.score.errors import Kind
from sciner.score.names import escaped
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import write_examples_jsonl
from sciner.text.spans import Span
from tests.specs.test_run import fake  # noqa: F401 (a fixture)

NASTY = Sentence(
    "test/d#0",
    ("[bold]BERT[/]", "\x1b[2J", "<b>", "wins"),
    (Span(0, 1, "Method"), Span(2, 3, "Task")),
)
PLAIN = Sentence("test/d#1", ("It", "is", "fast"), ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One round: a wrong class and a missed span in the first sentence, nothing in the second."""
    run = RunFolder.create(tmp_path / "run", {"seed": 0})
    run.rounds.write_text('{"round": 0}\n', encoding="utf-8")
    run.write_gold([NASTY, PLAIN], [])
    examples = [
        Example(NASTY, (Span(0, 1, "Task"),), "predicted", 0, (0.5,)),
        Example(PLAIN, (), "predicted"),
    ]
    write_examples_jsonl(run.path / "round_0" / "test_predictions.jsonl", examples)
    return run.path


def call(*words: str) -> None:
    app(["show", *words], standalone_mode=False)


def test_both_sides_stand_beside_each_other_and_errors_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(str(folder))
    text = capsys.readouterr().out
    # neither ours, where there is no terminal, nor the corpus's
    assert "\x1b" not in text and "\ufffd[2J" in text
    side_by_side = next(line for line in text.splitlines() if "[[bold]BERT[/]]Method" in line)
    assert "[[bold]BERT[/]]Task" in side_by_side
    assert "wrong class: gold [[bold]BERT[/]]Method; predicted [[bold]BERT[/]]Task, 0.50" in text
    assert "missed: gold [<b>]Task" in text
    assert "It is fast" in text and "2 of 2 sentences; spans: 1 wrong class, 1 missed" in text


def test_only_what_was_asked_for_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(str(folder), "--errors")
    assert "It is fast" not in (text := capsys.readouterr().out) and "1 of 2 sentences" in text
    call(str(folder), "--class", "Method")
    assert "1 of 2 sentences; spans: 1 wrong class\n" in capsys.readouterr().out


def test_totals_come_first_and_sentences_beyond_the_limit_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(str(folder), "--limit", "1")
    text = capsys.readouterr().out
    assert text.index("2 of 2 sentences; spans: 1 wrong class, 1 missed") < text.index("test/d#0")
    assert "It is fast" not in text
    assert text.rstrip().endswith("1 more sentence is not shown; --limit 0 shows all")
    for limit in ("0", "2"):
        call(str(folder), "--limit", limit)
        assert "It is fast" in (text := capsys.readouterr().out) and "not shown" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "is not the folder of a run"),
        (["../x"], "is not the folder of a run"),
        (["RUN", "--round", "3"], "no round 3; its rounds are 0 to 0"),
        (["RUN", "--class", "Methd"], "did you mean 'Method'"),
        (["RUN", "--class", "tsk"], "did you mean 'Task'"),
        (["RUN", "--class", "zzz"], "known: Method, Task"),
    ],
)
def test_what_cannot_be_shown_is_one_line(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(*(str(folder) if word == "RUN" else word for word in words))


def test_a_run_without_gold_shows_sentences_and_refuses_errors(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "test_gold.jsonl").unlink()
    call(str(folder))
    assert "no gold" in capsys.readouterr().out
    with pytest.raises(InputError, match="kept no gold"):
        call(str(folder), "--errors")


def test_a_damaged_file_is_named_with_its_line(folder: Path) -> None:
    file = folder / "round_0" / "test_predictions.jsonl"
    file.write_text(file.read_text(encoding="utf-8") + '{"id": "x#1"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"test_predictions\.jsonl:3: not a sentence written"):
        call(str(folder))


def test_a_run_keeps_its_gold_and_is_found_by_its_id(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kinds add up to the figures that the run reported; silver stands beside what was
    withheld."""
    assert (
        main(["iteration.rounds=1", "threshold=accept_all", "tracking=none", "hydra.run.dir=out"])
        == 0
    )
    line = json.loads(Path("out/rounds.jsonl").read_text(encoding="utf-8").splitlines()[1])
    for part, counted in (
        ("test", sum(row[0] for row in line["counts"]["test"])),
        ("silver", None),
    ):
        found = [f for example in read_part(Path("out"), 1, part) for f in findings_of(example)]  # type: ignore[arg-type]
        right = sum(f.kind == Kind.RIGHT for f in found)
        if counted is not None:
            assert right == counted
        else:
            assert right / sum(f.predicted is not None for f in found) == pytest.approx(
                line["scores"]["silver/precision/micro"]
            )
    call("out", "--silver", "--round", "0")
    assert "trained on no silver" in capsys.readouterr().out
    id = json.loads(Path("out/run.json").read_text(encoding="utf-8"))["id"]
    capsys.readouterr()
    call(id, "--silver", "--errors")
    assert "silver that trained round 1; gold on the left" in capsys.readouterr().out.replace(
        "\n", ""
    )
    shutil.rmtree("out")
    with pytest.raises(InputError, match=f"the folder of run {id} does not exist any more"):
        call(id)


ERRORS = {
    "before": 4.0,
    "again": 1.0,
    "changed": 1.0,
    "corrected": 2.0,
    "gone": 0.0,
    "new": 0.0,
    "spread": 0.0,
}


def test_what_became_of_errors_is_a_table_of_counts_and_shares(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {
        f"silver/errors/{name}{end}": n
        for name, n in ERRORS.items()
        for end in ("", f"/{escaped('[b]Task')}")
    }
    scores["silver/errors/before/all classes alike"] = 4.0  # a figure that is none of a class
    (folder / "run.json").write_text('{"labels": ["[b]Task", "Metric"]}', encoding="utf-8")
    lines = [{"round": 0, "scores": {}}, {"round": 1, "scores": {}}, {"round": 2, "scores": scores}]
    (folder / "rounds.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )
    call(str(folder), "--propagation")
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(" 2")]
    figures = ["4", "1", "(25%)", "1", "(25%)", "2", "(50%)", "0", "(0%)", "0", "–"]
    assert rows == [["2", "all", *figures], ["2", "[b]Task", *figures]]
    call(str(folder), "--propagation", "--class", "all")
    assert "[b]Task" not in capsys.readouterr().out
    with pytest.raises(InputError, match="no class 'Metrc'; did you mean 'Metric'"):
        call(str(folder), "--propagation", "--class", "Metrc")
    (section,) = propagation(folder)
    assert section.table and [list(row) for row in section.table.rows] == [
        ["2", "all", "4", "1 (25%)", "1 (25%)", "2 (50%)", "0 (0%)", "0", "–"],
        ["2", "[b]Task", "4", "1 (25%)", "1 (25%)", "2 (50%)", "0 (0%)", "0", "–"],
    ]


def test_a_run_whose_errors_were_not_followed_says_so(folder: Path) -> None:
    (folder / "rounds.jsonl").write_text('{"round": 0, "scores": {}}\n', encoding="utf-8")
    with pytest.raises(InputError, match="no figures of error propagation"):
        call(str(folder), "--propagation")
    with pytest.raises(InputError, match="is not the folder of a run"):
        call("nowhere", "--propagation")
    line = {"round": 2, "scores": {"silver/errors/before": 4, "silver/errors/mended": 2}}
    (folder / "rounds.jsonl").write_text(f"{json.dumps(line)}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"older version .* type the run's command again"):
        call(str(folder), "--propagation")
