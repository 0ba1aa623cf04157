"""Let a trained tagger annotate sentences."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import FitResult
from sciner.loop.steps.files import read_json, write_json
from sciner.store.step import Step
from sciner.text.corpus import Sentence
from sciner.text.formats.npz import read_predictions, write_predictions
from sciner.text.prediction import Prediction


class Stored(NamedTuple):
    """Predictions that are read one by one, and the seconds that making them took."""

    predictions: Iterator[Prediction]
    seconds: float


@dataclass(frozen=True)
class Predict(Step[Stored]):
    """Let the trained tagger annotate ``sentences``."""

    NAME = "predict"
    VERSION = 4
    INPUTS: ClassVar = {
        "fit": "",
        "sentences": "the sentences' tokens",
        "labels": "the corpus's classes",
    }
    RESULT = "spans, confidences, label distributions (float16)"

    fit: FitResult
    sentences: Sequence[Sentence]
    labels: tuple[str, ...]

    def inputs(self) -> Mapping[str, Any]:
        return {
            "fit": self.fit.key,
            "sentences": digest_of_rows(s.tokens for s in self.sentences),
            "labels": self.labels,
        }

    def compute(self, folder: Path) -> None:
        fitted, began = self.fit.live(), time.perf_counter()
        write_predictions(folder, fitted.predict(self.sentences), self.labels)
        write_json(folder / "speed.json", {"seconds": time.perf_counter() - began})

    def load(self, folder: Path) -> Stored:
        seconds = self.figures(folder)["seconds"]
        return Stored(read_predictions(folder, self.sentences, self.labels), seconds)

    def read_back(self, folder: Path) -> None:
        for _ in self.load(folder).predictions:
            pass

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """Seconds of the annotation itself, without those of getting the tagger into memory."""
        found: dict[str, float] = read_json(folder / "speed.json")
        return found
