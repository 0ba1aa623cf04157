"""Evaluate predictions on unseen entities and rare classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import Predicted, Scores
from sciner.loop.steps.files import read_json, write_json
from sciner.score.unseen_entities import unseen_entity_scores
from sciner.store.step import Step
from sciner.text.corpus import Sentence


@dataclass(frozen=True)
class UnseenEntities(Step[Scores]):
    """Scores on unseen entities and rare classes (``score.unseen_entities``).

    It is separate from ``evaluate`` because it also depends on the bought gold: ``seen`` are its
    surface forms, ``rare`` its rare classes.
    """

    NAME = "unseen_entities"
    VERSION = 1
    INPUTS: ClassVar = {
        "predictions": "",
        "gold": "the gold that is evaluated against",
        "seen": "the surface forms of the gold that was bought",
        "rare": "its rare classes",
    }
    RESULT = "scores on unseen entities and rare classes"

    gold: Sequence[Sentence]
    predicted: Predicted
    seen: Set[str]
    rare: Sequence[str]

    def inputs(self) -> Mapping[str, Any]:
        return {
            "predictions": self.predicted.key,
            "gold": digest_of_rows(s.spans for s in self.gold),
            "seen": digest_of_rows(sorted(self.seen)),
            "rare": sorted(self.rare),
        }

    def compute(self, folder: Path) -> None:
        spans = (p.spans for p in self.predicted.read())
        scores = unseen_entity_scores(self.gold, spans, self.seen, self.rare)
        write_json(folder / "scores.json", scores)

    def load(self, folder: Path) -> Scores:
        return self.figures(folder)

    @staticmethod
    def figures(folder: Path) -> Scores:
        """All scores."""
        scores: Scores = read_json(folder / "scores.json")
        return scores
