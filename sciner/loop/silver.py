"""The pool: its annotations, and what of them is accepted for training."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from sciner.loop.gold import Gold
from sciner.loop.outcomes import OutOfFold, Predicted, speed_of
from sciner.loop.soft_labels import soften
from sciner.loop.steps.drift import Drift
from sciner.loop.steps.runner import StepRunner
from sciner.loop.steps.select import Select
from sciner.loop.teacher import Annotates
from sciner.policy.threshold.accept import Threshold
from sciner.score.evaluation import named
from sciner.score.propagation import propagation_scores
from sciner.score.silver import kappa_scores
from sciner.text.corpus import Example, Sentence
from sciner.text.spans import Span


class Silver:
    """The pool: its annotations, and what of them is accepted. frozen: what is accepted once stays,
    the rest is tried anew."""

    def __init__(self, pool: Sequence[Sentence], frozen: bool) -> None:
        self.pool, self.frozen = pool, frozen
        # the latest annotation, of sentences that are then bought or accepted too
        self.whole: Predicted | None = None
        # the latest; with frozen, all: earlier ones hold what was accepted
        self.annotations: list[Predicted] = []
        self.accepted: dict[str, Example] = {}  # by sentence id
        self.kept: dict[str, Example] = {}  # of these, what this round does not try anew

    def annotate(self, steps: StepRunner, teacher: Annotates, whole: bool) -> dict[str, float]:
        """Let the teacher label the pool, or unless ``whole`` what of it is not accepted yet; how
        fast, and how far the labels of the latter moved."""
        self.kept = self.accepted if self.frozen else {}
        before = self.annotations[-1] if self.annotations else None
        self.whole = teacher.annotate([s for s in self.pool if whole or s.id not in self.kept])
        fresh = (
            self.whole.only({s.id for s in self.pool} - self.kept.keys())
            if whole and self.kept
            else self.whole
        )
        self.annotations = [*(self.annotations if self.frozen else ()), fresh]
        drift = steps.run(Drift(before, fresh, steps.labels))
        return named("silver/drift", drift) | named("time/annotate", speed_of(self.whole))

    def without(self, bought: Container[str]) -> None:
        """The annotator has labelled some: they are no silver any more."""
        self.pool = [s for s in self.pool if s.id not in bought]
        ids = {s.id for s in self.pool}
        self.annotations = [made.only(ids) for made in self.annotations]
        self.accepted = {id: example for id, example in self.accepted.items() if id in ids}
        self.kept = self.accepted if self.frozen else {}

    def accept(
        self,
        steps: StepRunner,
        threshold: Threshold,
        withheld: Mapping[str, tuple[Span, ...]],
        gold: Gold,
        number: int,
        weight: float,
        judged: OutOfFold | None,
    ) -> dict[str, float]:
        """Add what ``threshold`` lets through of the latest annotation; how much that is, and how
        good."""
        *earlier, fresh = self.annotations
        _, shares = gold.look()
        before = self.accepted
        self.accepted, scores = steps.run(
            Select(
                fresh,
                self.kept,
                earlier,
                threshold,
                withheld,
                gold_empty_rate=gold.empty_rate(),
                gold_shares=shares,
                round=number,
                weight=weight,
                judged=judged if threshold.needs_judged else None,
            )
        )
        scores = scores | kappa_scores(self.accepted.values(), withheld)
        errors = propagation_scores(before.values(), self.accepted.values(), withheld)
        return named("silver", scores) | named("silver/errors", errors)

    def examples(self) -> list[Example]:
        """Accepted silver, in the order of the pool."""
        return [self.accepted[s.id] for s in self.pool if s.id in self.accepted]

    def soft_examples(self, labels: Sequence[str], temperature: float) -> list[Example]:
        """The same with soft labels. labels: the corpus's classes."""
        return soften(self.examples(), self.annotations, labels, temperature)
