"""Average the predictions of several taggers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sciner.loop.outcomes import Predicted
from sciner.loop.steps.files import write_json
from sciner.loop.steps.predict import Predict, Stored
from sciner.store.step import Step
from sciner.tagger.decode import predictions
from sciner.text.corpus import tagset
from sciner.text.formats.npz import read_predictions, write_predictions
from sciner.text.prediction import Floats, Prediction

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
    VERSION = 1
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
            yield from predictions(sentences, [mean(same) for same in block], tags)

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


def mean(same: Sequence[Prediction]) -> Floats:
    """The mean distribution of one sentence, [tokens, tags] float32."""
    found: Floats = np.mean([p.distribution for p in same], axis=0, dtype=np.float32)
    return found
