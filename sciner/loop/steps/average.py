"""Average the predictions of several taggers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sciner.loop.outcomes import Predicted
from sciner.loop.steps.files import write_json
from sciner.loop.steps.predict import Predict, Stored
from sciner.store.step import Step
from sciner.tagger.decode import predictions
from sciner.text.corpus import tagset
from sciner.text.formats.npz import read_predictions, write_predictions
from sciner.text.prediction import Floats, Prediction
from sciner.text.spans import encode

BLOCK = 256  # sentences averaged at once


@dataclass(frozen=True)
class Average(Step[Stored]):
    """The mean of the members' distributions, decoded anew (an ensemble).

    Lakshminarayanan et al. 2017.

    Attributes:
        members: predictions for the same sentences.
        labels: the corpus's classes.
    """

    NAME = "average"
    VERSION = 2
    INPUTS: ClassVar = {
        "members": "their predictions",
        "labels": "the corpus's classes",
    }
    RESULT = "as `predict`"

    members: Sequence[Predicted]
    labels: tuple[str, ...]

    def inputs(self) -> Mapping[str, Any]:
        return {"members": [made.key for made in self.members], "labels": self.labels}

    def compute(self, folder: Path) -> None:
        began = time.perf_counter()
        write_predictions(folder, self.averaged(), self.labels)
        seconds = time.perf_counter() - began + sum(made.seconds for made in self.members)
        write_json(folder / "speed.json", {"seconds": seconds})

    def averaged(self) -> Iterator[Prediction]:
        """One prediction per sentence, a block at a time."""
        tags = tagset(self.labels)
        together = zip(*(made.read() for made in self.members), strict=True)
        for block in iter(lambda: list(islice(together, BLOCK)), []):
            sentences = [same[0].sentence for same in block]
            means = predictions(sentences, [mean(same) for same in block], tags)
            for p, same in zip(means, block, strict=True):
                yield replace(p, confidence=confidence(p, same, tags))

    def load(self, folder: Path) -> Stored:
        seconds = self.figures(folder)["seconds"]
        return Stored(read_predictions(folder, self.members[0].sentences, self.labels), seconds)

    def read_back(self, folder: Path) -> None:
        for _ in self.load(folder).predictions:
            pass

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """Seconds of all members' annotations and of averaging them."""
        return Predict.figures(folder)


def confidence(p: Prediction, same: Sequence[Prediction], tags: Sequence[str]) -> Floats:
    """The mean of the members' probabilities of each token's decoded tag, [tokens] float32.

    Members keep the probability of their own tag in float32; float16 knows none between 0.9998 and
    1, so that confident tokens would tie.
    """
    decoded = path(p, tags)
    at = np.arange(len(decoded))
    each = [
        np.where(path(m, tags) == decoded, m.confidence, m.distribution[at, decoded]) for m in same
    ]
    found: Floats = np.mean(each, axis=0, dtype=np.float32)
    return found


def path(p: Prediction, tags: Sequence[str]) -> npt.NDArray[np.int64]:
    """The decoded tags by number, [tokens]."""
    number = {tag: i for i, tag in enumerate(tags)}
    return np.array([number[tag] for tag in encode(p.spans, len(p.sentence.tokens))], np.int64)


def mean(same: Sequence[Prediction]) -> Floats:
    """The mean distribution of one sentence, [tokens, tags] float32."""
    found: Floats = np.mean([p.distribution for p in same], axis=0, dtype=np.float32)
    return found
