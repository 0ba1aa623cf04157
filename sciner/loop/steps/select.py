"""Accept silver for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from sys import intern
from typing import Any, ClassVar, NamedTuple

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import OutOfFold, Predicted, Scores
from sciner.loop.steps.files import read_json, write_json
from sciner.policy.threshold.accept import Threshold, accept
from sciner.policy.threshold.base import nothing_judged
from sciner.score.calibration import reliability_scores
from sciner.score.silver import silver_scores
from sciner.store.step import Step
from sciner.text.corpus import NOTHING, Example, Sentence
from sciner.text.spans import Span


class Selection(NamedTuple):
    """accepted: silver by sentence id, with what was kept. scores: how much it is, and how good."""

    accepted: dict[str, Example]
    scores: Scores


@dataclass(frozen=True)
class Select(Step[Selection]):
    """What ``threshold`` lets through of ``fresh``, beside what is ``kept`` of the ``earlier``
    annotations. withheld: gold by sentence id, for the report on the silver alone.
    gold_empty_rate, gold_shares, round, weight: as ``policy.threshold.accept`` wants them. judged:
    out-of-fold predictions for the seed set, where the threshold needs them."""

    NAME = "select"
    VERSION = 3
    INPUTS: ClassVar = {
        "fresh": "the annotation and its sentences' ids",
        "earlier": "the annotations that silver was kept of",
        "kept": "the silver that was kept",
        "threshold": "its kind, and the settings that this kind uses",
        "withheld": "the withheld gold, for the report on silver",
        "gold_empty_rate": "the share of the gold's sentences without a span",
        "gold_shares": "the gold's mix of classes",
        "round": "",
        "weight": "the silver's, in the loss",
        "judged": "for precision, the out-of-fold predictions for the seed set",
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
        proposed = chain.from_iterable(made.read() for made in (*self.earlier, self.fresh))
        scores = silver_scores([*self.kept.values(), *accepted], proposed, self.withheld)
        scores |= reliability_scores(self.withheld, self.fresh.read(), self.threshold.confidence)
        rows = [row_of(example) for example in accepted]
        write_json(folder / "silver.json", {"scores": scores, "accepted": rows})

    def load(self, folder: Path) -> Selection:
        found = read_json(folder / "silver.json")
        sentences = {s.id: s for s in self.fresh.sentences}
        accepted = {row[0]: example_of(sentences[row[0]], row) for row in found["accepted"]}
        return Selection(dict(self.kept) | accepted, found["scores"])

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """The scores, and how many sentences were accepted."""
        found = read_json(folder / "silver.json")
        scores: Scores = found["scores"]
        return scores | {"sentences accepted": len(found["accepted"])}


def row_of(e: Example) -> list[Any]:
    """An accepted sentence as JSON, by its id."""
    return [e.sentence.id, e.spans, e.round, e.confidences, sorted(e.masked), e.weight]


def example_of(sentence: Sentence, row: Sequence[Any]) -> Example:
    """What ``row_of`` wrote of ``sentence``."""
    _, spans, round, confidences, masked, weight = row
    # JSON gives every label a string of its own
    own = tuple(Span(start, end, intern(label)) for start, end, label in spans)
    mask = frozenset(masked) or NOTHING
    return Example(sentence, own, "silver", round, tuple(confidences), mask, weight)
