"""`sciner data`, as its words are typed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sciner.cli import main as cli
from sciner.text.catalog.known import CATALOG
from sciner.text.corpus import Sentence
from sciner.text.formats.read import read_files
from sciner.text.spans import Span
from sciner.text.stats import Conflict, Overlap, describe, dropped_spans

MALFORMED = Path(__file__).parents[2] / "data" / "malformed"
SCIERC = {
    "train.txt": "[/] NN O I-Task\n\n[/] NN O I-Task\n",
    "dev.txt": "[/] NN O I-Method\n",
    "test.txt": "we NN O O\n",
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, a mirror of a scierc that is smaller than the real one, and a cache."""
    (tmp_path / "mirror" / "scierc").mkdir(parents=True)
    for name, content in SCIERC.items():
        (tmp_path / "mirror" / "scierc" / name).write_text(content)
    digests = {name: sha256(content.encode()).hexdigest() for name, content in SCIERC.items()}
    monkeypatch.setitem(CATALOG, "scierc", replace(CATALOG["scierc"], files=digests))
    monkeypatch.setenv("SCINER_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("SCINER_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Words of a command line as (exit code, standard output, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sciner", "data", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_list_tells_what_is_on_this_machine(say: Any, place: Path) -> None:
    before = {row["name"]: row for row in json.loads(say("list", "--json")[1])}
    assert not any(row["fetched"] for row in before.values())
    code, out, _ = say("fetch", "scierc")
    assert (code, " ".join(out.split())) == (
        0,
        f"scierc: 3 files, verified, in {place / 'cache' / 'scierc'}",
    )
    after = {row["name"]: row for row in json.loads(say("list", "--json")[1])}
    assert [name for name, row in after.items() if row["fetched"]] == ["scierc"]
    assert after["matsci"]["licence"] == "MIT"
    table = say("list")[1]
    assert all(name in table for name in CATALOG)


def test_bad_words_are_one_line_and_exit_code_2(say: Any) -> None:
    for words, fault in (
        (("fetch", "scirec"), "did you mean 'scierc'?"),
        (("stats", "scirec"), "scirec: neither a file nor a named corpus; did you mean 'scierc'?"),
        (
            ("check", str(MALFORMED / "missing_column.conll")),
            "missing_column.conll:3: only one column",
        ),
        (
            ("check", "--format", "connl", str(MALFORMED / "missing_column.conll")),
            "did you mean 'conll'?",
        ),
        (("fetch", "matsci"), "LICENSE: the mirror has no such file"),
    ):
        code, out, err = say(*words)
        assert (code, out) == (2, "")
        assert fault in err
        assert err.count("\n") == 1


def test_check_refuses_a_class_that_is_not_among_the_labels(say: Any, place: Path) -> None:
    (place / "a.conll").write_text("BERT B-Method\n")
    assert say("check", "a.conll", "--labels", "Task, Method")[0] == 0
    code, _, error = say("check", "a.conll", "--labels", "Task,Methods")
    assert code == 2 and "a.conll:1" in error and "Methods" in error


def test_check_counts_what_it_read_and_repaired(say: Any, place: Path) -> None:
    (place / "a.conll").write_text("We O\nuse O\nAdam I-Method\n\nIt B-Method\n")
    found = json.loads(say("check", "a.conll", "--json")[1])
    counts = {"sentences": 2, "tokens": 4, "spans": 2, "documents": 1, "unlabelled": 0}
    assert found == {**counts, "files": {"CoNLL": 1}, "notes": {"tags repaired": 1}}
    assert "tags repaired" in say("check", "a.conll")[1]


def test_stats_of_a_named_corpus_fetches_it_and_shows_its_text_as_it_is(say: Any) -> None:
    code, out, _ = say("stats", "scierc")
    assert code == 0
    assert "[/]" in out  # no markup
    found = json.loads(say("stats", "scierc", "--json")[1])
    assert found["splits"]["train"]["duplicates"] == 1
    assert found["conflicts"] == [{"form": "[/]", "labels": {"Task": 2, "Method": 1}}]


def test_stats_takes_each_path_for_a_split(say: Any, place: Path) -> None:
    for split in ("a", "b"):
        (place / split).mkdir()
        (place / split / "train.conll").write_text(f"{split} B-Task\n")
    assert [*json.loads(say("stats", "a/train.conll", "--json")[1])["splits"]] == ["train.conll"]
    both = json.loads(say("stats", "a/train.conll", "b/train.conll", "--json")[1])
    assert [*both["splits"]] == ["a/train.conll", "b/train.conll"]
    assert json.loads(say("stats", "sample", "--json")[1])["splits"]["train"]["documents"] == 24


def test_check_shows_up_to_20_faults_of_all_files(say: Any, place: Path) -> None:
    """Each with its line; what stands behind a fault is looked at too, once."""
    (place / "a.conll").write_text(
        "We O\n\tO\nuse B\nAdam B-Task\n\n" + "long O\n" * 2500 + "\nIt I\n"
    )
    (place / "b.jsonl").write_text(
        '{"tokens": ["a"]\n{"tokens": ["a"], "tags": ["O"]}\n{"tokens": []}\n'
    )
    (place / "c.txt").write_text("fine")
    code, out, err = say("check", "a.conll", "b.jsonl", "c.txt")
    assert (code, out) == (2, "")
    told = [line.removeprefix("sciner: ") for line in err.splitlines()]
    assert [line.split(" ")[0] for line in told] == [
        "a.conll:2:",
        "a.conll:3:",
        "a.conll:6:",
        "a.conll:2507:",
        "b.jsonl:1:",
        "b.jsonl:3:",
    ]

    (place / "d.conll").write_text("a B\n" * 30)
    code, _, err = say("check", "d.conll")
    lines = err.splitlines()
    assert (code, len(lines)) == (2, 21)
    assert "d.conll:20:" in lines[19] and "20 errors are shown" in lines[20]


def test_check_fails_where_a_run_would(say: Any, place: Path) -> None:
    (place / "some.jsonl").write_text('{"tokens": ["a"], "tags": ["B-X"]}\n{"tokens": ["a"]}\n')
    (place / "none.conll").write_text("a O\n")
    (place / "pool.jsonl").write_text('{"tokens": ["a"]}\n')
    (place / "iob1.conll").write_text("a E-X\n")
    for words, fault in (
        (
            ["some.jsonl"],
            "1 of 2 sentences have no labels, the first is check/some#1; give text without labels "
            "as data.unlabelled",
        ),
        (["none.conll"], "there are labels, but no entity"),
        (["iob1.conll", "--scheme", "IOB1"], "iob1.conll:1: tag 'E-X' does not exist in IOB1"),
        (["iob1.conll", "--scheme", "IOB3"], "unknown tag scheme 'IOB3'"),
        (["iob1.conll", "--repair", "longest"], "did you mean 'longest_span'?"),
    ):
        code, _, err = say("check", *words)
        assert code == 2 and fault in err
    assert say("check", "pool.jsonl")[0] == 0


def test_check_repairs_what_a_run_can_be_told_to(say: Any, place: Path) -> None:
    (place / "a.conll").write_text("We O\n  O\nuse O\nBERT B-Method\n")
    found = json.loads(say("check", "a.conll", "--repair", "drop_blank_tokens", "--json")[1])
    assert (found["tokens"], found["notes"]) == (3, {"blank tokens dropped": 1})


def test_gold_that_the_reader_dropped_is_counted_by_split(say: Any, place: Path) -> None:
    (place / "a.txt").write_text("one two")
    (place / "a.ann").write_text("T1\tA 0 7\tone two\nT2\tB 4 7\ttwo\nT3\tB 5 7\two\n")
    assert json.loads(say("stats", "a.txt", "--json")[1])["splits"]["a.txt"]["dropped"] == {"B": 2}
    assert "gold spans that the reader dropped" in say("stats", "a.txt")[1]
    sentences = read_files("a.txt", split="test", notes=Counter())
    expected = {"test": {"spans": 2, "classes": {"B": 2}, "documents": {"test/a": 2}}}
    assert dropped_spans({"train": (), "test": sentences}) == expected


def test_figures_are_those_of_the_sentences() -> None:
    method, task = Span(0, 1, "Method"), Span(0, 1, "Task")
    train = [
        Sentence("a#0", ("Adam", "works"), (method,)),
        Sentence("a#1", ("ADAM", "works"), (task,)),
        Sentence("b#0", ("Adam",), (task,)),
    ]
    found = describe({"train": train, "dev": [], "test": [Sentence("c#0", ("adam", "Works"), ())]})
    assert [*found.splits] == ["train", "test"]
    figures = found.splits["train"]
    assert (
        figures.documents,
        figures.sentences,
        figures.tokens,
        figures.spans,
        figures.duplicates,
    ) == (2, 3, 5, 3, 1)
    assert (figures.longest, figures.longest_id, figures.classes) == (
        2,
        "a#0",
        {"Method": 1, "Task": 2},
    )
    assert found.overlaps == (Overlap("train", "test", 2),)
    assert found.conflicts == (Conflict("adam", {"Task": 2, "Method": 1}),)
