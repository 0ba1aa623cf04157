"""`sciner annotate`: a tagger that a run saved labels new text as it would have labelled it in the
run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, active_count
from typing import Any

import numpy as np
import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.run.annotate import Settings, annotate
from sciner.tagger.base import FitReport
from sciner.text.corpus import Sentence, gold_example
from sciner.text.formats.read import stream_file
from sciner.text.formats.running import Placed
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

TEXT = "We fine-tune BERT on SciERC with a learning rate of 2e-5.\nThe weather was fine.\n"
FIT = [
    "data.limit=60",
    "iteration=supervised",
    "save_model=true",
    "tracking=none",
    "hydra.run.dir=run",
]


def call(*words: str) -> None:
    app([*words], standalone_mode=False)


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(params=["model=gazetteer", "model=tiny model.steps=2"])
def saved(request: pytest.FixtureRequest, project: Path) -> Path:
    """A project with a run whose tagger was saved."""
    if request.param.startswith("model=tiny"):
        pytest.importorskip("torch")
    assert main([*request.param.split(), *FIT]) == 0
    (project / "in.txt").write_text(TEXT, encoding="utf-8")
    return project


def test_every_sentence_is_annotated_in_its_order(
    saved: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """And text with tokens of another kind than the training text's is warned of."""
    caplog.clear()
    call("annotate", "run/model", "in.txt", "-o", "out/spans.jsonl")
    assert not caplog.messages
    found = rows(saved / "out/spans.jsonl")
    assert [" ".join(row["tokens"])[:6] for row in found] == ["We fin", "The we"]
    assert all(0 < span["confidence"] <= 1 for row in found for span in row["spans"])
    assert "2 sentences" in capsys.readouterr().out
    call("annotate", "run/model", "in.txt", "-o", "out/spans.jsonl", "--tokenised")
    assert "tokenised differently" in caplog.text


def test_the_saved_tagger_says_what_it_said_in_the_run(saved: Path) -> None:
    made = rows(saved / "run/round_0/test_predictions.jsonl")
    (saved / "test.jsonl").write_text(
        "".join(json.dumps({"id": row["id"], "tokens": row["tokens"]}) + "\n" for row in made),
        encoding="utf-8",
    )
    call("annotate", "run/model", "test.jsonl", "-o", "out.jsonl")
    kept = ("id", "tokens", "spans")
    found = rows(saved / "out.jsonl")
    for span in (span for row in found for span in row["spans"]):
        span.pop("start_char"), span.pop("end_char")
    assert [[row[k] for k in kept] for row in found] == [[row[k] for k in kept] for row in made]


def test_every_span_says_where_it_stands_in_the_text(tmp_path: Path) -> None:
    """Of plain text and BRAT in the file, of JSON lines in the row, of tokens with one blank
    between them."""
    from sciner.tagger.gazetteer.gazetteer import GazetteerTagger

    known = gold_example(Sentence("d#0", ("learning", "rate"), (Span(0, 2, "HyperparameterName"),)))
    tagger = GazetteerTagger("sensitive", ("HyperparameterName",)).fit([known], seed=0)
    text = "\r\nTitle\r\nIt has (no) learning  rate. The learning\trate was fine.\n"
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    (tmp_path / "b.ann").touch()
    (tmp_path / "c.jsonl").write_text(json.dumps({"text": text}) + "\n", encoding="utf-8")

    def said(name: str, **how: Any) -> list[str]:
        annotate(tagger, [str(tmp_path / name)], tmp_path / "out.jsonl", Settings(**how))
        spans = [span for row in rows(tmp_path / "out.jsonl") for span in row["spans"]]
        return [text[span["start_char"] : span["end_char"]] for span in spans]

    assert said("a.txt") == said("b.txt") == said("c.jsonl") == ["learning  rate", "learning\trate"]
    assert said("a.txt", tokenised=True) == ["learning\trate"]  # "rate." is a token

    (tmp_path / "d.conll").write_text("The O\nlearning O\nrate O\n")
    annotate(tagger, [str(tmp_path / "d.conll")], tmp_path / "out.jsonl")
    (span,) = rows(tmp_path / "out.jsonl")[0]["spans"]
    assert (span["start_char"], span["end_char"]) == (4, 17)


def test_what_is_saved_can_be_read_by_whoever_the_umask_lets_and_says_how(saved: Path) -> None:
    """safetensors by itself makes a file that only its owner reads."""
    umask = os.umask(0)
    os.umask(umask)
    files = list((saved / "run/model").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o666 & ~umask}
    encoder = (saved / "run/model/config.json").exists()
    card = (saved / "run/model/README.md").read_text(encoding="utf-8")
    assert "- `MethodName`" in card and ('aggregation_strategy="first"' in card) == encoder


def test_bad_input_is_one_line_and_writes_nothing(saved: Path) -> None:
    bad = {
        ("run", "in.txt", "-o", "out.jsonl"): "save_model=true",
        ("run/model", "nothing.txt", "-o", "out.jsonl"): "no such file",
        ("run/model", "in.txt", "-o", "in.txt"): "replace its input",
        ("run/model", "in.txt", "-o", "out.jsonl", "--confidence", "max"): "known: mean, min",
        ("run/model", "in.txt", "-o", "out.jsonl", "--from", "connl"): "did you mean 'conll'?",
    }
    for words, problem in bad.items():
        with pytest.raises(InputError, match=problem.replace("?", r"\?")):
            call("annotate", *words)
    about = saved / "run/model/sciner.json"
    about.write_text(about.read_text().replace('"version": 2', '"version": 3'))
    with pytest.raises(InputError, match=r"sciner\.json: version"):
        call("annotate", "run/model", "in.txt", "-o", "out.jsonl")
    assert not (saved / "out.jsonl").exists() and (saved / "in.txt").read_text() == TEXT


def test_int8_is_refused_where_there_is_none(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gazetteer has no matrix products; an encoder wants the extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    gazetteer = "gazetteer" in (saved / "run/model/sciner.json").read_text()
    with pytest.raises(
        InputError,
        match="a gazetteer cannot be quantised" if gazetteer else r"pip install 'sciner\[int8\]'",
    ):
        call("annotate", "run/model", "in.txt", "-o", "out.jsonl", "--int8")
    assert not (saved / "out.jsonl").exists()


def test_what_stands_at_the_end_of_a_short_input_is_refused_before_anything_is_annotated(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is left behind, hidden files included."""
    row = '{"id": "d#0", "tokens": ["We"]}\n'
    (saved / "again.jsonl").write_text(row)
    bad = {
        "broken.jsonl": (row + "{", "broken.jsonl:2: invalid JSON"),
        "long.txt": ("We\n" + "w," * 1001, "long.txt:2: a sentence of"),
        "id.jsonl": (row + row.replace("We", "They"), "'d#0' is in id.jsonl too"),
        "no.conll": ("We O\n\nuse\n", "no.conll:3"),
        "other.jsonl": (row, "other.jsonl: sentence id 'd#0' is in again.jsonl too"),
        "utf.txt": ("We\n\udcff", "utf.txt:2: byte"),
    }
    monkeypatch.setattr("sciner.run.annotate.examples", lambda *_: pytest.fail("annotated"))
    for name, (text, problem) in bad.items():
        (saved / name).write_text(text, errors="surrogateescape")
        before = sorted(saved.iterdir())
        with pytest.raises(InputError, match=problem):
            call(
                "annotate",
                "run/model",
                *(["again.jsonl"] if name == "other.jsonl" else []),
                name,
                "-o",
                "out.jsonl",
            )
        assert sorted(saved.iterdir()) == before


class Slow:
    """A tagger that finds nothing. begun: it has annotated a sentence."""

    report = FitReport(0, 0, 0.0, ())

    def __init__(self) -> None:
        self.begun = Event()

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        for s in sentences:
            size = len(s.tokens)
            yield Prediction(s, (), np.ones((size, 1), np.float16), np.ones(size, np.float32))
            self.begun.set()

    def save(self, directory: Path) -> None: ...


def test_the_first_sentences_are_annotated_before_the_text_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks ahead are read meanwhile, and come out in their order."""
    tagger, waited = Slow(), []

    def waiting(path: Path, **how: Any) -> Iterator[Placed]:
        for i, placed in enumerate(stream_file(path, **how)):
            if i == 12:
                waited.append(tagger.begun.wait(timeout=60))
            yield placed

    monkeypatch.setattr("sciner.run.annotate.BLOCK", 4)
    monkeypatch.setattr("sciner.run.annotate.stream_file", waiting)
    (tmp_path / "in.txt").write_text("".join(f"word{i}\n" for i in range(30)))
    done = annotate(tagger, [str(tmp_path / "in.txt")], tmp_path / "out.jsonl")
    assert waited == [True, True]  # the reader of what is annotated, and the one that checks all
    found = [row["tokens"] for row in rows(tmp_path / "out.jsonl")]
    assert done.sentences == 30 and found == [[f"word{i}"] for i in range(30)]


@pytest.mark.parametrize(
    ("end", "problem"),
    [("{", r"in\.jsonl:31: invalid JSON"), ('{"id": "d#0", "tokens": ["a"]}', "'d#0' is in")],
)
def test_a_fault_behind_the_first_block_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, problem: str
) -> None:
    text = [json.dumps({"id": f"d#{i}", "tokens": ["word"]}) for i in range(30)]
    monkeypatch.setattr("sciner.run.annotate.BLOCK", 4)
    (tmp_path / "in.jsonl").write_text("\n".join([*text, end]))
    threads = active_count()
    with pytest.raises(InputError, match=problem):
        annotate(Slow(), [str(tmp_path / "in.jsonl")], tmp_path / "out.jsonl")
    assert [f.name for f in tmp_path.iterdir()] == ["in.jsonl"] and active_count() == threads


def test_a_result_in_the_folder_of_its_input_is_not_taken_for_input(saved: Path) -> None:
    (saved / "texts").mkdir()
    (saved / "in.txt").rename(saved / "texts/in.txt")
    call("annotate", "run/model", "texts", "-o", "texts/out.jsonl")
    with pytest.raises(InputError, match="replace its input"):
        call("annotate", "run/model", "texts", "-o", "texts/out.jsonl")


def test_one_bar_runs_over_all_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rich.progress import Progress

    from sciner import progress
    from sciner.tagger.gazetteer.gazetteer import GazetteerTagger

    bars: list[tuple[str, Any]] = []
    steps: list[dict[str, Any]] = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(
        Progress, "add_task", lambda self, description, total: bars.append((description, total))
    )
    monkeypatch.setattr(Progress, "update", lambda self, task, **told: steps.append(told))
    monkeypatch.setattr("sciner.run.annotate.BLOCK", 2)
    tagger = GazetteerTagger("sensitive", ("Task",)).fit(
        [gold_example(Sentence("d#0", ("We",), ()))], seed=0
    )
    (tmp_path / "in.txt").write_text("We\n" * 5)
    annotate(tagger, [str(tmp_path / "in.txt")], tmp_path / "out.jsonl")
    assert [name for name, _ in bars] == ["annotate (sentences)"]
    assert [told["advance"] for told in steps] == [1] * 5
    assert {told["total"] for told in steps} <= {None, 5}  # as soon as it is known
    with progress.bar("another", 1):
        assert bars[1:] == [("another", 1)]


def test_a_folder_is_annotated_into_a_folder_and_then_skipped(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved / "papers/sub").mkdir(parents=True)
    for name in ("a.txt", "sub/a.txt", "b.png"):
        (saved / "papers" / name).write_text(TEXT)
    call("annotate", "run/model", "papers", "out/")
    said = capsys.readouterr().out
    assert "4 sentences" in said and "files read: 2 .txt; .png files left out: 1" in said
    call("annotate", "run/model", "in.txt", "-o", "spans.jsonl")
    alone = (saved / "spans.jsonl").read_text().replace("input/in#", "input/sub/a#")
    assert (saved / "out/sub/a.jsonl").read_text() == alone
    capsys.readouterr()
    call("annotate", "run/model", "papers", "-o", "out")
    assert "nothing to annotate: out" in (said := capsys.readouterr().out)
    assert "files annotated before, and skipped: 2" in said
    call("annotate", "run/model", "papers", "out", "--precision", "32-true")
    assert "4 sentences" in capsys.readouterr().out


def test_other_formats_say_what_they_cannot_store(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("annotate", "run/model", "in.txt", "-o", "out.json", "--format", "label_studio")
    assert json.loads((saved / "out.json").read_text())[0]["data"]["text"] == TEXT
    call("annotate", "run/model", "in.txt", "out", "--format", "brat")
    assert (saved / "out/in.txt").read_text() == TEXT
    if spans := (saved / "out/in.ann").read_text().count("\n"):
        assert f"brat cannot store: confidences left out: {spans}" in capsys.readouterr().out


def test_bad_words_are_one_line(saved: Path) -> None:
    bad = {
        ("in.txt",): "no output; name a folder as the last word",
        ("in.txt", "in.txt"): "in.txt is a file, so it cannot be the output",
        ("in.txt", "-o", "o", "--format", "brat"): "BRAT has a file for each document",
        ("in.txt", "-o", "o", "--format", "text"): "plain text cannot store spans",
        ("in.txt", "-o", "o", "--format", "cnll"): "did you mean 'conll'?",
        ("in.txt", "-o", "o", "--threshold", "2"): "run, none or a number",
        (
            "in.txt",
            "-o",
            "o",
            "--threshold",
            "run",
        ): "accepted no silver, or a language model's; give --threshold NUMBER",
    }
    for words, problem in bad.items():
        with pytest.raises(InputError) as error:
            call("annotate", "run/model", *words)
        assert problem in str(error.value) and not (saved / "o").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "threshold", [("precision", "threshold.target=0.7"), ("quantile", "threshold.share=0.6")]
)
def test_the_threshold_of_the_run_is_the_one_that_accepted_its_silver(
    project: Path, threshold: tuple[str, str]
) -> None:
    """In its last round, also if it comes from the store."""
    words = ["model=gazetteer", "data.limit=100", "data.seed_size=50", "iteration.rounds=2"]
    words += [f"threshold={threshold[0]}", threshold[1], *FIT[2:]]
    (project / "in.txt").write_text(TEXT, encoding="utf-8")
    for _ in range(2):
        assert main(words) == 0
        values = json.loads((project / "run/model/threshold.json").read_text())["values"]
        silver = [r for r in rows(project / "run/round_2/annotated.jsonl") if r["round"] == 2]
        assert any(row["spans"] for row in silver)
        for row in silver:
            assert all(s["confidence"] >= values[s["label"]] - 1e-6 for s in row["spans"])
            rejected = row.get("rejected", ())
            assert all(s["confidence"] < values[s["label"]] for s in rejected)
        call("annotate", "run/model", "in.txt", "-o", "out.jsonl", "--threshold", "run")
        assert len(rows(project / "out.jsonl")) == 2
