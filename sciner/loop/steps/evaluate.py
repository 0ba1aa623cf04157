"""Evaluate predictions against gold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import EvaluationResult, Predicted, Scores
from sciner.loop.steps.files import read_json, write_json
from sciner.score.evaluation import evaluate
from sciner.store.step import Step
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate


@dataclass(frozen=True)
class Evaluate(Step[EvaluationResult]):
    """Every score of predictions (``score.evaluation``).

    Attributes:
        gold: the sentences with gold.
        predicted: predictions for them.
        confidence: how a span's confidence is aggregated from its tokens'.
        first: the evaluation after round 0, for the gain since then.
    """

    NAME = "evaluate"
    VERSION = 2
    INPUTS: ClassVar = {
        "predictions": "",
        "gold": "the gold that is evaluated against",
        "confidence": "how the confidence of a span is computed from the confidences of its tokens",
        "first": "the evaluation of round 0",
    }
    RESULT = "every score but those of the next row"

    gold: Sequence[Sentence]
    predicted: Predicted
    confidence: Aggregate
    first: EvaluationResult | None

    def inputs(self) -> Mapping[str, Any]:
        return {
            "predictions": self.predicted.key,
            "gold": digest_of_rows([s.document, s.spans] for s in self.gold),
            "confidence": self.confidence,
            "first": self.first.key if self.first else None,
        }

    def compute(self, folder: Path) -> None:
        first = self.first.counts if self.first else None
        predictions = self.predicted.read()
        scores, counts = evaluate(self.gold, predictions, how=self.confidence, first=first)
        write_json(folder / "scores.json", {"scores": scores, "counts": counts.tolist()})

    def load(self, folder: Path) -> EvaluationResult:
        found = read_json(folder / "scores.json")
        counts = np.array(found["counts"], dtype=np.int64).reshape(-1, 3)
        return EvaluationResult(self.key, found["scores"], counts)

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """All scores."""
        scores: Scores = read_json(folder / "scores.json")["scores"]
        return scores
