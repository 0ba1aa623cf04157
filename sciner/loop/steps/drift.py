"""Measure how far predictions moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sciner.loop.outcomes import Predicted, Scores
from sciner.loop.steps.files import read_json, write_json
from sciner.score.drift import drift_scores
from sciner.store.step import Step


@dataclass(frozen=True)
class Drift(Step[Scores]):
    """How far predictions moved from ``before`` to ``after`` (``score.drift``).

    Of ``before``, only the sentences that ``after`` has too are compared.
    """

    NAME = "drift"
    VERSION = 1
    INPUTS: ClassVar = {
        "before": "the earlier predictions and their sentences' ids",
        "after": "the later ones",
        "labels": "the corpus's classes",
    }
    RESULT = "how much they differ"

    before: Predicted | None
    after: Predicted
    labels: tuple[str, ...]

    def inputs(self) -> Mapping[str, Any]:
        before = self.before.identity() if self.before else None
        return {"before": before, "after": self.after.identity(), "labels": self.labels}

    def compute(self, folder: Path) -> None:
        ids = {s.id for s in self.after.sentences}
        before = self.before.only(ids).read() if self.before else None
        scores = drift_scores(before, self.after.read(), self.labels)
        write_json(folder / "scores.json", scores)

    def load(self, folder: Path) -> Scores:
        return self.figures(folder)

    @staticmethod
    def figures(folder: Path) -> Scores:
        """All scores."""
        scores: Scores = read_json(folder / "scores.json")
        return scores
