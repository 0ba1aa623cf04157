"""The step that accepts silver for training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import OutOfFold, Predicted, Scores
from sciner.loop.steps.silver_file import read_rows, read_silver, write_silver
from sciner.policy.threshold.accept import Threshold, accept
from sciner.policy.threshold.base import nothing_judged
from sciner.score.calibration import reliability_scores
from sciner.score.silver import silver_scores
from sciner.store.step import Step
from sciner.text.corpus import Example
from sciner.text.prediction import Prediction
from sciner.text.spans import Span


class Selection(NamedTuple):
    """Accepted silver.

    Attributes:
        accepted: {sentence id: example}, including the silver that was kept.
        scores: its amount and quality.
    """

    accepted: dict[str, Example]
    scores: Scores


@dataclass(frozen=True)
class Select(Step[Selection]):
    """Accept silver from the latest annotation, in addition to what was kept.

    Attributes:
        fresh: the latest annotation.
        kept: {sentence id: silver accepted before}.
        earlier: the annotations from which it was accepted.
        threshold: decides.
        withheld: {sentence id: gold spans}, for the scores only.
        gold_empty_rate, gold_shares, round, weight: see ``policy.threshold.accept``.
        judged: out-of-fold predictions for the seed set, if the threshold needs them.
    """

    NAME = "select"
    VERSION = 4
    INPUTS: ClassVar = {
        "fresh": "the annotation and its sentences' ids",
        "earlier": "the annotations from which silver was kept",
        "kept": "the silver that was kept",
        "threshold": "its kind, and the settings that this kind uses",
        "withheld": "the withheld gold, for the report on silver",
        "gold_empty_rate": "the share of the gold's sentences without a span",
        "gold_shares": "the share of each class in the gold",
        "round": "",
        "weight": "of silver in the loss",
        "judged": "the out-of-fold predictions for the seed set; only for `threshold=precision`",
    }
    RESULT = "accepted silver and its quality"

    fresh: Predicted
    kept: Mapping[str, Example]
    earlier: Sequence[Predicted]
    threshold: Threshold
    withheld: Mapping[str, tuple[Span, ...]]
    gold_empty_rate: float
    gold_shares: Mapping[str, float]
    round: int
    weight: float
    judged: OutOfFold | None = None

    def inputs(self) -> Mapping[str, Any]:
        annotated = {s.id for made in (*self.earlier, self.fresh) for s in made.sentences}
        kept = ([id, e.spans, e.confidences, sorted(e.masked)] for id, e in self.kept.items())
        withheld = ([id, spans] for id, spans in self.withheld.items() if id in annotated)
        inputs = {
            "fresh": self.fresh.identity(),
            "earlier": [made.identity() for made in self.earlier],
            "kept": digest_of_rows(kept),
            "threshold": self.threshold.identity(),
            "withheld": digest_of_rows(withheld),
            "gold_empty_rate": self.gold_empty_rate,
            "gold_shares": self.gold_shares,
            "round": self.round,
            "weight": self.weight,
        }
        return inputs | ({"judged": self.judged.identity()} if self.judged else {})

    def compute(self, folder: Path) -> None:
        accepted = accept(
            self.fresh.read,
            self.threshold,
            gold_empty_rate=self.gold_empty_rate,
            gold_shares=self.gold_shares,
            round=self.round,
            weight=self.weight,
            judged=self.judged.judged if self.judged else nothing_judged,
        )
        proposed = latest((*self.earlier, self.fresh))
        scores = silver_scores([*self.kept.values(), *accepted], proposed, self.withheld)
        scores |= reliability_scores(self.withheld, self.fresh.read(), self.threshold.confidence)
        write_silver(folder / "silver.json", scores, accepted)

    def load(self, folder: Path) -> Selection:
        sentences = {s.id: s for s in self.fresh.sentences}
        scores, fresh = read_silver(folder / "silver.json", sentences)
        accepted = dict(self.kept)
        accepted.update((example.sentence.id, example) for example in fresh)
        return Selection(accepted, scores)

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """The scores, and the number of accepted sentences."""
        scores, rows = read_rows(folder / "silver.json")
        return scores | {"sentences accepted": sum(1 for _ in rows)}


def latest(passes: Sequence[Predicted]) -> Iterator[Prediction]:
    """Yield each sentence's last prediction of several annotations, given in order."""
    for n, made in enumerate(passes, start=1):
        later = {s.id for after in passes[n:] for s in after.sentences}
        yield from (p for p in made.read() if p.sentence.id not in later)
