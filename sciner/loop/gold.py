"""The sentences labelled by the annotator (seed set, dev, batches), and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sciner.loop.outcomes import FitResult, Predicted
from sciner.loop.steps.rank import Rank
from sciner.loop.steps.runner import StepRunner
from sciner.policy.acquisition.batch import Acquire, price, take
from sciner.policy.annotator import Annotator, Reporting
from sciner.policy.cost import Budget, Proposal, Proposed
from sciner.policy.seed import Split
from sciner.score.drift import density_and_shares
from sciner.score.evaluation import prefixed
from sciner.score.gold import agreement_scores, gold_scores
from sciner.score.unseen_entities import rare_classes, surface_forms
from sciner.text.corpus import Example, Sentence, gold_example
from sciner.text.spans import Span


class Gold:
    """Buys and keeps gold.

    Attributes:
        bought: labelled sentences for training, in the order in which they were bought.
        dev: labelled sentences for decisions.
        offered: the sentences of the pool that can still be bought, without labels.
        budget: what everything bought has cost.
    """

    def __init__(
        self,
        annotator: Annotator,
        split: Split,
        acquire: Acquire,
        scorer: StepRunner | None = None,
        raw: Sequence[Sentence] = (),
    ) -> None:
        """Buy the seed set and dev.

        Args:
            annotator: labels what is bought.
            split: seed set, pool and dev.
            acquire: how later batches are chosen.
            scorer: the steps of another tagger, which ranks the pool in place of the learner.
            raw: sentences of the pool that have no withheld labels.

        Raises:
            InputError: the batches are larger than the corpus.
        """
        self.annotator, self.acquire, self.scorer = annotator, acquire, scorer
        self.bought = annotator.label([s.withheld() for s in split.seed_set])
        dev = annotator.label([s.withheld() for s in split.dev])
        # spans that the reader dropped count in the scores of dev, as in those of test
        self.dev = tuple(
            replace(s, dropped=read.dropped) for s, read in zip(dev, split.dev, strict=True)
        )
        self.budget = annotator.charge(annotator.charge(Budget(), self.bought), self.dev)
        offered = (*split.pool, *(raw if annotator.labels_raw_text else ()))
        self.offered = tuple(s.withheld() for s in offered)
        self.batch = acquire.size([*self.bought, *self.offered])
        self.history: list[Predicted] = []  # the predictions that ranked the pool in earlier rounds

    def wants_annotations(self) -> bool:
        """Whether the next batch depends on the learner's predictions for the pool."""
        ranked_by_learner = "predictions" in self.acquire.needs and self.scorer is None
        return self.acquire.buys and (ranked_by_learner or self.annotator.assisted)

    def end(self) -> str | None:
        """Why no batch can be bought although one is due; None otherwise."""
        if not self.acquire.buys:
            return None
        return (
            "the pool is empty"
            if not self.offered
            else "the budget is spent"
            if self.left() <= 0
            else None
        )

    def left(self) -> float:
        """What is left of the acquisition's budget, in its unit; infinite without a limit."""
        limit = self.acquire.budget
        return (
            math.inf
            if limit is None
            else limit - self.budget.scores().get(self.acquire.budget_unit, 0.0)
        )

    def buy(
        self,
        steps: StepRunner,
        fit: FitResult,
        annotated: Predicted | None,
        *,
        seed: int,
        round: int,
    ) -> tuple[frozenset[str], dict[str, float]]:
        """Buy a batch: rank the pool, have sentences labelled in that order, charge the budget.

        Args:
            steps: of the run.
            fit: the learner.
            annotated: its predictions for the pool, if there are any.
            seed: of the run.
            round: its number.

        Returns:
            The ids of the batch, and its scores.
        """
        unit = self.acquire.unit
        left = self.left() / self.annotator.per_sentence
        size = min(self.batch, left) if self.acquire.budget_unit == unit else self.batch
        ranked = self._ranked(steps, fit, annotated, size, seed, round)
        proposed = (
            {p.sentence.id: Proposal(p.spans, p.span_confidences("min")) for p in annotated.read()}
            if annotated and self.annotator.assisted
            else None
        )
        if unit != "entities":  # known beforehand: who can be asked about several at once, is
            wanted, _ = take(iter(ranked), size, unit, lambda s: s)
            self.annotator.label(wanted, proposed)
        batch, spent = take(
            iter(ranked), size, unit, lambda s: self.annotator.label([s], proposed)[0]
        )
        ids = frozenset(s.id for s in batch)
        self.bought = (*self.bought, *batch)
        self.offered = tuple(s for s in self.offered if s.id not in ids)
        self.budget = self.annotator.charge(self.budget, batch, proposed)
        scores = {
            name: float(sum(price(s, name) for s in batch))
            for name in ("sentences", "tokens", "entities")
        }
        scores |= {"overshoot": max(0.0, spent - size)}
        return ids, scores | (prefixed("proposed", proposal_scores(batch, proposed or {})))

    def _ranked(
        self,
        steps: StepRunner,
        fit: FitResult,
        annotated: Predicted | None,
        size: float,
        seed: int,
        round: int,
    ) -> list[Sentence]:
        fresh = None
        if self.scorer is not None:
            steps, fit = self.scorer, self.scorer.fit(self.examples(), seed=seed)
            fresh = (
                steps.predict(fit, self.offered) if "predictions" in self.acquire.needs else None
            )
        elif annotated is not None and "predictions" in self.acquire.needs:
            fresh = annotated.only({s.id for s in self.offered})
        each = (
            sum(len(s.tokens) for s in self.offered) / len(self.offered)
            if self.acquire.unit == "tokens"
            else 1.0
        )
        # in sentences; if the unit is entities, as if each sentence had one
        count = min(len(self.offered), math.ceil(size / each))
        ranked = steps.run(
            Rank(
                self.acquire,
                self.offered,
                fit,
                fresh,
                tuple(self.history),
                self.bought,
                steps.labels,
                count=count,
                seed=seed,
                round=round,
            )
        )
        if "history" in self.acquire.needs and fresh is not None:
            self.history.append(fresh)
        return ranked

    def quality(self, withheld: Mapping[str, tuple[Span, ...]]) -> dict[str, float]:
        """The quality of all gold bought, dev included, if all of it has clean labels.

        Where two people labelled it, also their agreement. It uses withheld labels, so no decision
        depends on it.
        """
        bought = (*self.bought, *self.dev)
        if not bought:
            return {}
        opinions = self.annotator.opinions(bought)
        clean = all(s.id in withheld for s in bought)
        return (gold_scores(bought, withheld) if clean else {}) | (
            agreement_scores(*opinions) if len(opinions) == 2 and opinions[0] else {}
        )

    def report(self, withheld: Mapping[str, tuple[Span, ...]]) -> dict[str, float]:
        """The annotator's own scores for all gold bought, dev included; most have none."""
        if not isinstance(self.annotator, Reporting):
            return {}
        return self.annotator.report((*self.bought, *self.dev), withheld)

    def examples(self) -> list[Example]:
        """The gold to train on."""
        return [gold_example(s) for s in self.bought]

    def empty_rate(self) -> float:
        """Share of the gold sentences to train on that have no span.

        Nobody knows this of a sentence whose tokens are all masked; it is left out.
        """
        known = [s for s in self.bought if len(s.masked) < len(s.tokens) or not s.tokens]
        return sum(not s.spans for s in known) / max(1, len(known))

    def look(self) -> tuple[float, dict[str, float]]:
        """Spans per 100 tokens of the gold to train on, and the share of each class among them."""
        return density_and_shares(
            (s.spans or () for s in self.bought),
            (len(s.tokens) - len(s.masked) for s in self.bought),
        )

    def forms(self) -> frozenset[str]:
        """The surface forms of the spans to train on (without dev)."""
        return surface_forms(self.bought)

    def rare(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The classes that are rare among them."""
        return rare_classes(self.look()[1], labels)


def proposal_scores(batch: Sequence[Sentence], proposed: Proposed) -> dict[str, float]:
    """Precision, recall and F1 of what the annotator started from, by what it made of that."""
    if not proposed:
        return {}
    spans = [replace(s, spans=proposed[s.id].spans) for s in batch]
    return gold_scores(spans, {s.id: s.spans or () for s in batch})
