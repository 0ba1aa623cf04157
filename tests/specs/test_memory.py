"""What is held in memory of many sentences: of accepted silver some hundred bytes, of predictions
one part, of new text two blocks."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciner.loop.iteration import Iteration
from sciner.loop.outcomes import Predicted
from sciner.loop.soft_labels import soften
from sciner.loop.steps import predict
from sciner.loop.steps.select import Select
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.base import Rule
from sciner.policy.threshold.constant import Fixed
from sciner.policy.threshold.quantile import Quantile
from sciner.policy.threshold.quota import Quota
from sciner.results.folder import RunFolder
from sciner.run import annotate as annotating
from sciner.run.annotate import annotate
from sciner.store.disk import DiskStore
from sciner.tagger.base import FitReport
from sciner.text.corpus import Sentence, tagset
from sciner.text.formats.npz import read_predictions, write_predictions
from sciner.text.prediction import Prediction
from sciner.text.spans import Span
from tests.specs.test_store import CORPUS, turn

PART = 4


@pytest.mark.parametrize(
    "rule", [Fixed(0.6), Quantile(0.5), Quota(20, 0.6)], ids=lambda rule: rule.kind
)
def test_a_run_holds_the_distributions_of_one_part_at_a_time(
    tmp_path: Path, monkeypatch: Any, rule: Rule
) -> None:
    """Two while the next one is read; whatever the size of the pool."""
    held: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
    most = 0

    def noted(*args: Any) -> Iterator[Prediction]:
        nonlocal most
        for p in read_predictions(*args):
            held[id(p.distribution.base)] = p.distribution.base
            most = max(most, len(held))
            yield p

    monkeypatch.setattr("sciner.text.formats.npz.PART", PART)
    monkeypatch.setattr(predict, "read_predictions", noted)
    done = turn(DiskStore(tmp_path / "store"), Threshold(rule), Iteration(2, relabel="frozen"))
    RunFolder.create(tmp_path / "run", {}).write_round(done.rounds[-1])
    assert len(CORPUS.test) > 8 * PART
    assert 1 <= most <= 2


def traced(work: Callable[[], Any]) -> tuple[int, int, Any]:
    """Bytes that ``work`` leaves behind, and those it had at its peak; and its value."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    value = work()
    now, peak = tracemalloc.get_traced_memory()
    return now - before, peak - before, value


def bytes_of_silver(folder: Path, count: int) -> np.ndarray:
    """Of ``count`` accepted sentences of 20 tokens and three spans: at the peak of selecting them,
    at that of reading them, once they are read, and of their soft labels."""
    folder.mkdir()
    labels = ("Task", "Method")
    spans = (Span(0, 2, "Task"), Span(4, 5, "Method"), Span(7, 9, "Task"))
    rows = np.full((20, len(tagset(labels))), 0.2, np.float16)
    pool = [Sentence(f"d#{i}", ("word",) * 20) for i in range(count)]
    made = (Prediction(s, spans, rows, np.full(20, 0.9, np.float32)) for s in pool)
    write_predictions(folder, made, labels)
    annotated = Predicted("key", pool, 0.0, lambda: read_predictions(folder, pool, labels))
    step = Select(annotated, {}, (), Threshold(Fixed(0.5)), {}, 0.0, {}, 1, 1.0)
    tracemalloc.start()
    try:
        _, selecting, _ = traced(lambda: step.compute(folder))
        read, reading, found = traced(lambda: step.load(folder))
        examples = list(found.accepted.values())
        softened, _, _ = traced(lambda: soften(examples, [annotated], labels, 1.0))
    finally:
        tracemalloc.stop()
    assert len(examples) == count
    return np.array([selecting, reading, read, softened])


def test_accepted_silver_takes_some_hundred_bytes_a_sentence(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """So a million fits into memory: no text of all, no span twice, no distribution."""
    monkeypatch.setattr("sciner.text.formats.npz.PART", 32)
    small, large = (bytes_of_silver(tmp_path / str(n), n) for n in (64, 192))
    selecting, reading, read, softened = (large - small) / (192 - 64)
    assert selecting < 550 and reading < 600 and read < 400 and softened < 300


class Watcher:
    """A fitted tagger that finds nothing, and counts the sentences in memory when it is asked for
    the sixth time."""

    report = FitReport(0, 0, 0.0, ())

    def __init__(self) -> None:
        self.asked: list[int] = []

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        self.asked.append(len(sentences))
        if len(self.asked) == 6:
            self.held = sum(
                type(o) is Sentence and o.id.startswith("input/long") for o in gc.get_objects()
            )
        for s in sentences:
            yield Prediction(
                s, (), np.ones((len(s.tokens), 1), np.float16), np.ones(len(s.tokens), np.float32)
            )

    def save(self, directory: Path) -> None: ...


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("long.txt", "some words {}\n"),
        ("long.conll", "word{} O\n\n"),
        ("long.jsonl", '{{"text": "word {}"}}\n'),
    ],
)
def test_annotating_holds_two_blocks_of_the_text(
    tmp_path: Path, monkeypatch: Any, name: str, line: str
) -> None:
    (tmp_path / name).write_text("".join(line.format(i) for i in range(30)))
    monkeypatch.setattr(annotating, "BLOCK", 4)
    tagger = Watcher()
    done = annotate(tagger, [str(tmp_path / name)], tmp_path / "out.jsonl")
    assert (done.sentences, tagger.asked) == (30, [4] * 7 + [2])
    assert 4 <= tagger.held <= 2 * 4 + 2  # and those that were last written and last checked
