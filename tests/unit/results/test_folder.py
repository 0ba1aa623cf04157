"""A run's folder holds every round as it was, and nothing of another run."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from sciner.errors import InputError
from sciner.loop.outcomes import FitResult, Predicted, StepRecord
from sciner.loop.rounds import Round
from sciner.results import folder as folder_module
from sciner.results.folder import RunFolder, in_use, reserved
from sciner.text.corpus import Example, Sentence, gold_example
from sciner.text.formats.read import read_file
from sciner.text.prediction import Prediction
from sciner.text.spans import Span
from tests.fakes import FakeTagger

# they touch
GOLD = Sentence(
    "train/a#0", ("We", "train", "BERT", "BERT"), (Span(2, 3, "Method"), Span(3, 4, "Method"))
)
BARE = Sentence("train/b#3", ("Ünder", '"', "#", "\\", "\u2026"))
EXAMPLES = (
    gold_example(GOLD),
    Example(
        BARE,
        (Span(0, 2, "Task"), Span(4, 5, "Method")),
        "silver",
        2,
        (0.875, 0.1234567),
        frozenset({0, 1}),
        0.5,
    ),
)
TEST = Prediction(
    Sentence("test/c#0", ("a", "b")),
    (Span(0, 2, "Task"),),
    np.ones((2, 1), np.float32),
    np.array([0.75, 0.5], np.float32),
)
FITTED = FakeTagger(("Method", "Task")).fit(EXAMPLES, seed=0)
FIT = FitResult("fit-v1-0", FITTED.report, lambda: FITTED)
ROUND = Round(
    0,
    {"test/f1/micro": 0.5, "drift/collapse": 1.0},
    ("few entities",),
    EXAMPLES,
    FIT,
    Predicted("predict-v1-0", (TEST.sentence,), 0.5, lambda: iter([TEST])),
    frozenset({"train/b#3", "train/a#0"}),
    {"test": np.array([[1, 2, 2]])},
    (StepRecord("fit", "fit-v1-0", True, 2.0), StepRecord("predict", "predict-v1-0", False, 0.5)),
    0.75,
)
CONFIG = {"seed": 0, "data": {"seed_size": "20%", "train": None, "labels": ["Méthode"]}}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "outputs" / "run", CONFIG)


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_round_leaves_its_line_and_its_files(folder: RunFolder) -> None:
    folder.write_round(ROUND)
    folder.write_round(replace(ROUND, number=1, scores={"test/f1/micro": 0.625}, warnings=()))
    files = {"annotated.jsonl", "annotated.conll", "test_predictions.jsonl"}
    written = {
        str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file()
    }
    assert written == {
        "config.yaml",
        "rounds.jsonl",
        "run.json",
        *(f"round_{k}/{name}" for k in (0, 1) for name in files),
    }
    steps = [
        {"step": "fit", "key": "fit-v1-0", "hit": True},
        {"step": "predict", "key": "predict-v1-0", "hit": False},
    ]
    same = {"acquired": ["train/a#0", "train/b#3"], "counts": {"test": [[1, 2, 2]]}}
    same |= {
        "losses": [[1, 0.5]],
        "steps": steps,
        "cache": {"hits": 1, "misses": 1, "seconds": 0.75},
    }
    expected = [
        {
            "version": 2,
            "round": 0,
            "scores": {"test/f1/micro": 0.5, "drift/collapse": 1.0},
            "warnings": ["few entities"],
        }
        | same,
        {"version": 2, "round": 1, "scores": {"test/f1/micro": 0.625}, "warnings": []} | same,
    ]
    assert rows(folder.path / "rounds.jsonl") == expected == folder.read()
    assert folder.last_round == folder.path / "round_1"


def test_the_configuration_is_there_before_the_first_round(folder: RunFolder) -> None:
    assert yaml.safe_load((folder.path / "config.yaml").read_text(encoding="utf-8")) == CONFIG


@pytest.mark.parametrize("name", ["annotated.jsonl", "annotated.conll"])
def test_the_annotated_corpus_reads_back(folder: RunFolder, name: str) -> None:
    """To the same tokens and accepted spans, with nothing to repair."""
    folder.write_round(ROUND)
    notes: Counter[str] = Counter()
    found = read_file(folder.path / "round_0" / name, split="train", notes=notes)
    assert [(s.tokens, s.spans) for s in found] == [
        (e.sentence.tokens, e.accepted()) for e in EXAMPLES
    ]
    assert [s.masked for s in found] == [e.masked for e in EXAMPLES]
    assert not notes
    if name.endswith("jsonl"):  # CoNLL has no place for ids
        assert [s.id for s in found] == [e.sentence.id for e in EXAMPLES]


def test_provenance_stands_beside_every_label(folder: RunFolder) -> None:
    """Source, round, weight (unless 1), mask and confidences to six digits."""
    folder.write_round(ROUND)
    gold, silver = rows(folder.path / "round_0" / "annotated.jsonl")
    assert (gold["source"], gold["round"], "weight" in gold, "masked" in gold) == (
        "gold",
        0,
        False,
        False,
    )
    assert (silver["source"], silver["round"], silver["weight"], silver["masked"]) == (
        "silver",
        2,
        0.5,
        [0, 1],
    )
    assert [span["confidence"] for span in gold["spans"]] == [1.0, 1.0]  # type: ignore[attr-defined]
    for name, confidence in (("spans", 0.123457), ("rejected", 0.875)):
        assert [span["confidence"] for span in silver[name]] == [confidence]  # type: ignore[attr-defined]
    (predicted,) = rows(folder.path / "round_0" / "test_predictions.jsonl")
    assert (predicted["id"], predicted["tokens"], predicted["source"]) == (
        "test/c#0",
        ["a", "b"],
        "predicted",
    )
    assert predicted["spans"] == [{"start": 0, "end": 2, "label": "Task", "confidence": 0.5}]


def test_a_run_into_the_same_folder_starts_anew(folder: RunFolder) -> None:
    """No round of the older run can be taken for one of the newer; what is not a run's stays."""
    for number in range(3):
        folder.write_round(replace(ROUND, number=number))
    (folder.path / "sciner.log").touch()
    again = RunFolder.create(folder.path, CONFIG | {"seed": 1})
    again.write_round(replace(ROUND, scores={"test/f1/micro": 0.75}))
    assert [row["scores"] for row in again.read()] == [{"test/f1/micro": 0.75}]
    assert {path.name for path in again.path.iterdir()} == {
        "config.yaml",
        "rounds.jsonl",
        "run.json",
        "round_0",
        "sciner.log",
    }
    assert yaml.safe_load(again.config.read_text(encoding="utf-8"))["seed"] == 1


def test_what_an_interrupted_start_left_of_an_older_run_is_removed_by_the_next(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        folder.write_round(replace(ROUND, number=number))
    (folder.path / "model").mkdir()

    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shutil.rmtree", stop)
        RunFolder.create(folder.path, CONFIG)
    assert not folder.rounds.exists() and (folder.path / "round_1").exists()
    again = RunFolder.create(folder.path, CONFIG)
    assert {path.name for path in again.path.iterdir()} == {"config.yaml", "run.json"}


def test_links_in_an_older_folder_are_removed_and_what_they_lead_to_stays(
    folder: RunFolder, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/keep").touch()
    (tmp_path / "precious").write_text("mine")
    folder.rounds.touch()
    (folder.path / "round_0").symlink_to(tmp_path / "elsewhere")
    folder.config.unlink()
    folder.config.symlink_to(tmp_path / "precious")
    RunFolder.create(folder.path, CONFIG).write_round(ROUND)
    assert list((tmp_path / "elsewhere").iterdir()) == [tmp_path / "elsewhere/keep"]
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_round_that_cannot_be_written_leaves_no_line(folder: RunFolder) -> None:
    """What has a line is complete; a score that is no number would be JSON that few can read."""
    broken = replace(ROUND, examples=(replace(EXAMPLES[1], confidences=()),))
    for bad in (broken, replace(ROUND, scores={"test/f1/micro": float("nan")})):
        with pytest.raises(ValueError):
            folder.write_round(bad)
        assert not folder.rounds.exists() or not folder.read()


# One run at a time


def test_a_folder_belongs_to_one_run_until_that_ends(tmp_path: Path) -> None:
    with reserved(tmp_path / "run"):
        assert in_use(tmp_path / "run") and in_use(tmp_path / "run" / "below")
        with (
            pytest.raises(InputError, match="another run is active in this folder"),
            reserved(tmp_path / "run"),
        ):
            pass
        with reserved(tmp_path / "run" / "job"):  # a sweep's folder, and that of its job
            pass
    assert not in_use(tmp_path / "run")
    with reserved(tmp_path / "run"):
        pass


@pytest.mark.parametrize(
    ("code", "goes_on"), [(errno.ENOLCK, True), (errno.EIO, True), (errno.EROFS, False)]
)
def test_a_file_system_without_locks_is_a_warning_and_a_folder_that_cannot_be_written_a_refusal(
    code: int,
    goes_on: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    @contextmanager
    def refused(*_: object, **__: object) -> Iterator[None]:
        raise OSError(code, os.strerror(code))
        yield

    monkeypatch.setattr(folder_module, "held", refused)
    with (
        nullcontext()
        if goes_on
        else pytest.raises(InputError, match="the folder cannot be written"),
        reserved(tmp_path),
    ):
        pass
    assert goes_on == ("cannot be locked" in caplog.text)
