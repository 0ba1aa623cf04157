"""The pool: its annotations, and the silver accepted for training."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial

from sciner.loop.gold import Gold
from sciner.loop.outcomes import OutOfFold, Predicted, speed_of
from sciner.loop.soft_labels import soften
from sciner.loop.steps.drift import Drift
from sciner.loop.steps.runner import StepRunner
from sciner.loop.steps.select import Select
from sciner.loop.teacher import Annotates
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.base import nothing_judged
from sciner.policy.threshold.resolved import Resolved, resolve
from sciner.score.evaluation import prefixed
from sciner.score.propagation import propagation_scores
from sciner.score.silver import kappa_scores
from sciner.text.corpus import Example, Sentence
from sciner.text.spans import Span


class Silver:
    """The pool, its annotations and the accepted silver.

    Args:
        pool: without labels.
        frozen: whether accepted silver stays accepted; otherwise each round decides again.
    """

    def __init__(self, pool: Sequence[Sentence], frozen: bool) -> None:
        self.pool, self.frozen = pool, frozen
        # the latest annotation, including sentences that are bought or already accepted
        self.whole: Predicted | None = None
        # the latest one; if frozen, all of them, because accepted silver comes from earlier ones
        self.annotations: list[Predicted] = []
        self.accepted: dict[str, Example] = {}  # by sentence id
        self.kept: dict[str, Example] = {}  # of these, what stays accepted in this round
        self.threshold: Callable[[], Resolved] | None = None  # of the latest acceptance

    def annotate(self, steps: StepRunner, teacher: Annotates, whole: bool) -> dict[str, float]:
        """Let the teacher annotate the pool.

        Args:
            steps: of the run.
            teacher: annotates.
            whole: annotate all of the pool, not only the sentences that are not yet accepted.

        Returns:
            Scores: the speed, and how much the labels of the latter changed.
        """
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
        return prefixed("silver/drift", drift) | prefixed("time/annotate", speed_of(self.whole))

    def without(self, bought: Container[str]) -> None:
        """Remove sentences that the annotator has labelled: they are no longer silver."""
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
        """Accept silver from the latest annotation.

        Args:
            steps: of the run.
            threshold: decides.
            withheld: {sentence id: gold spans}, for the scores only.
            gold: what was bought.
            number: of the round.
            weight: of a silver token in the loss.
            judged: out-of-fold predictions, if the threshold needs them.

        Returns:
            Scores: the amount of silver and its quality.
        """
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
        if threshold.needs_silver:
            self.threshold = partial(
                resolve,
                fresh.read,
                threshold,
                steps.labels,
                round=number,
                gold_shares=shares,
                judged=judged.judged if judged else nothing_judged,
            )
        scores = scores | kappa_scores(self.accepted.values(), withheld)
        errors = propagation_scores(before.values(), self.accepted.values(), withheld)
        return prefixed("silver", scores) | prefixed("silver/errors", errors)

    def examples(self) -> list[Example]:
        """Accepted silver, in the order of the pool."""
        return [self.accepted[s.id] for s in self.pool if s.id in self.accepted]

    def soft_examples(self, labels: Sequence[str], temperature: float) -> list[Example]:
        """Accepted silver with soft labels.

        Args:
            labels: the corpus's classes.
            temperature: of the label distributions.
        """
        return soften(self.examples(), self.annotations, labels, temperature)
