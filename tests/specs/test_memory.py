"""What is held in memory of many sentences: of predictions their spans, of new text a block."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciner.loop.rounds import Iteration
from sciner.loop.steps import predict
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
from sciner.text.corpus import Sentence
from sciner.text.formats.npz import read_predictions
from sciner.text.prediction import Prediction
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
def test_annotating_holds_a_block_of_the_text(
    tmp_path: Path, monkeypatch: Any, name: str, line: str
) -> None:
    (tmp_path / name).write_text("".join(line.format(i) for i in range(30)))
    monkeypatch.setattr(annotating, "BLOCK", 4)
    tagger = Watcher()
    done = annotate(tagger, [str(tmp_path / name)], tmp_path / "out.jsonl")
    assert (done.sentences, tagger.asked) == (30, [4] * 7 + [2])
    assert 4 <= tagger.held <= 4 + 1  # and the one that was last written
