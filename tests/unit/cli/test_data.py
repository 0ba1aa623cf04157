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
SCIERC = {"train.txt": "[/] NN O I-Task\n\n[/] NN O I-Task\n", "dev.txt": "[/] NN O I-Method\n", "test.txt": "we NN O O\n"}


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
    assert (code, " ".join(out.split())) == (0, f"scierc: 3 files, verified, in {place / 'cache' / 'scierc'}")
    after = {row["name"]: row for row in json.loads(say("list", "--json")[1])}
    assert [name for name, row in after.items() if row["fetched"]] == ["scierc"]
    assert after["matsci"]["licence"] == "MIT"
    table = say("list")[1]
    assert all(name in table for name in CATALOG)


def test_bad_words_are_one_line_and_exit_code_2(say: Any) -> None:
    for words, fault in (
        (("fetch", "scirec"), "did you mean 'scierc'?"),
        (("stats", "scirec"), "scirec: neither a file nor a named corpus; did you mean 'scierc'?"),
        (("check", str(MALFORMED / "missing_column.conll")), "missing_column.conll:3: one column"),
        (("check", "--format", "connl", str(MALFORMED / "missing_column.conll")), "did you mean 'conll'?"),
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


def test_check_counts_what_it_read_and_mended(say: Any, place: Path) -> None:
    (place / "a.conll").write_text("We O\nuse O\nAdam I-Method\n\nIt B-Method\n")
    found = json.loads(say("check", "a.conll", "--json")[1])
    counts = {"sentences": 2, "tokens": 4, "spans": 2, "documents": 1, "unlabelled": 0}
    assert found == {**counts, "notes": {"tags repaired": 1}}
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
    assert (figures.documents, figures.sentences, figures.tokens, figures.spans, figures.duplicates) == (2, 3, 5, 3, 1)
    assert (figures.longest, figures.longest_id, figures.classes) == (2, "a#0", {"Method": 1, "Task": 2})
    assert found.overlaps == (Overlap("train", "test", 2),)
    assert found.conflicts == (Conflict("adam", {"Task": 2, "Method": 1}),)
