"""The rounds. Self-training, active learning and supervised learning differ in the policies they are given, nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sciner.policy.annotator import Annotator, SimulatedAnnotator
from sciner.policy.cost import Budget, Cost
from sciner.policy.seed import Split
from sciner.policy.threshold import Threshold
from sciner.score.drift import collapse_warning, density_and_shares
from sciner.score.gold import agreement_scores, gold_scores
from sciner.score.judge import named
from sciner.steps import Done, Fit, Predicted, Steps, Verdict
from sciner.text.corpus import Corpus, Example, Sentence, gold_example
from sciner.text.prediction import Aggregate
from sciner.text.spans import Span

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Iteration:
    """How the loop turns (arXiv 2502.16312: two rounds, each re-training the pretrained encoder on gold and all silver).

    rounds: behind round 0. init: every fit starts from the pretrained weights, or from those of the round before.
    relabel: each round annotates the whole pool anew, or silver once accepted stays. silver_weight: of a silver token in the
    loss, gold being 1. stop: after ``rounds``, or before if less than ``min_churn`` of the silver spans changed.
    """

    rounds: int = 2
    init: Literal["pretrained", "previous"] = "pretrained"
    relabel: Literal["all", "frozen"] = "all"
    silver_weight: float = 1.0
    stop: Literal["fixed", "churn"] = "fixed"
    min_churn: float = 0.02


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn left behind. scores: every figure under its metric name. examples: what the tagger was trained on.
    steps: what was computed or known; scores are the same either way. seconds: how long the turn took here."""

    number: int
    scores: dict[str, float]
    warnings: tuple[str, ...]
    examples: tuple[Example, ...]
    fit: Fit
    test: Predicted
    steps: tuple[Done, ...]
    seconds: float


def run_rounds(
    corpus: Corpus,
    split: Split,
    steps: Steps,
    threshold: Threshold,
    iteration: Iteration,
    *,
    seed: int,
    annotator: Annotator | None = None,
) -> Iterator[Round]:
    """Round 0 (seed set alone), then one round after the other as they end. annotator: None is a perfect one.

    Decisions see pool and test without their labels, and of seed set and dev what the annotator made of them: withheld gold
    reaches the annotator, and the report on the quality of gold and silver.
    """
    withheld = split.withheld()
    annotator = annotator or SimulatedAnnotator(withheld, Cost())
    gold = Gold.buy(annotator, split)
    silver = Silver(tuple(s.withheld() for s in (*split.pool, *corpus.unlabelled)), iteration.relabel == "frozen")
    bench = Bench({"dev": gold.dev, "test": corpus.test}, threshold.confidence)

    fit: Fit | None = None
    for number in range(iteration.rounds + 1):
        began, taken = time.perf_counter(), len(steps.taken)
        scores = named("budget", gold.budget.scores()) | named("gold", gold.quality(annotator, withheld))
        if fit is not None:
            scores |= silver.annotate(steps, fit)
            if iteration.stop == "churn" and scores.get("silver/drift/churn", 1.0) < iteration.min_churn:
                log.info("stopped before round %d: %.1f%% of the silver changed", number, 100 * scores["silver/drift/churn"])
                break
            scores |= silver.accept(steps, threshold, withheld, gold, number, iteration.silver_weight)

        examples = (*gold.examples(), *silver.examples())
        fit = steps.fit(examples, seed=seed, start=fit if iteration.init == "previous" else None)

        scores |= named("train", {"sentences": float(len(examples)), "steps": float(fit.report.steps)})
        scores |= named("time/fit", speed(fit.report.tokens, fit.report.seconds))
        scores |= bench.judge(steps, fit)
        warnings = watch(scores, gold, corpus.labels)
        scores["drift/collapse"] = float(bool(warnings))
        done = tuple(steps.taken[taken:])
        scores["time/round/seconds"] = sum({d.key: d.seconds for d in done}.values())
        yield Round(number, scores, warnings, examples, fit, bench.last["test"], done, time.perf_counter() - began)
    steps.close()


@dataclass(frozen=True, slots=True)
class Gold:
    """What the annotator has labelled so far, and its price."""

    bought: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]
    budget: Budget

    @classmethod
    def buy(cls, annotator: Annotator, split: Split) -> Gold:
        bought = annotator.label([s.withheld() for s in split.seed_set])
        dev = annotator.label([s.withheld() for s in split.dev])
        return cls(bought, dev, annotator.charge(annotator.charge(Budget(), bought), dev))

    def quality(self, annotator: Annotator, withheld: Mapping[str, tuple[Span, ...]]) -> dict[str, float]:
        """How good all that was bought is, dev included, and where two labelled it, how far they agree. Decides nothing."""
        bought = (*self.bought, *self.dev)
        opinions = annotator.opinions(bought)
        return gold_scores(bought, withheld) | (agreement_scores(*opinions) if len(opinions) == 2 else {})

    def examples(self) -> list[Example]:
        return [gold_example(s) for s in self.bought]

    def empty_rate(self) -> float:
        """Share of the sentences to train on that hold no span."""
        return sum(not s.spans for s in self.bought) / len(self.bought)

    def look(self) -> tuple[float, dict[str, float]]:
        """(spans per 100 tokens, share of each class among them)."""
        return density_and_shares((s.spans or () for s in self.bought), (len(s.tokens) for s in self.bought))


class Silver:
    """The pool: its annotations, and what of them is accepted. frozen: what is accepted once stays, the rest is tried anew."""

    def __init__(self, pool: Sequence[Sentence], frozen: bool) -> None:
        self.pool, self.frozen = pool, frozen
        self.annotations: list[Predicted] = []  # the latest; with frozen, all: earlier ones hold what was accepted
        self.accepted: dict[str, Example] = {}  # by sentence id

    def annotate(self, steps: Steps, fit: Fit) -> dict[str, float]:
        """Let the tagger label the pool, or what of it is not accepted yet; how fast, and how far the labels moved."""
        self.kept = self.accepted if self.frozen else {}
        before = self.annotations[-1] if self.annotations else None
        fresh = steps.predict(fit, [s for s in self.pool if s.id not in self.kept])
        self.annotations = [*(self.annotations if self.frozen else ()), fresh]
        return named("silver/drift", steps.drift(before, fresh)) | named("time/annotate", speed_of(fresh))

    def accept(
        self,
        steps: Steps,
        threshold: Threshold,
        withheld: Mapping[str, tuple[Span, ...]],
        gold: Gold,
        number: int,
        weight: float,
    ) -> dict[str, float]:
        """Add what ``threshold`` lets through of the latest annotation; how much that is, and how good."""
        *earlier, fresh = self.annotations
        _, shares = gold.look()
        look = {"gold_empty_rate": gold.empty_rate(), "gold_shares": shares, "round": number, "weight": weight}
        self.accepted, scores = steps.select(fresh, self.kept, earlier, threshold, withheld, **look)
        return named("silver", scores)

    def examples(self) -> list[Example]:
        """Accepted silver, in the order of the pool."""
        return [self.accepted[s.id] for s in self.pool if s.id in self.accepted]


class Bench:
    """The judged sets; remembers round 0 for the gain and the last round for the drift."""

    def __init__(self, sets: Mapping[str, Sequence[Sentence]], how: Aggregate) -> None:
        self.sets = {name: sentences for name, sentences in sets.items() if sentences}
        self.how = how
        self.first: dict[str, Verdict] = {}
        self.last: dict[str, Predicted] = {}

    def judge(self, steps: Steps, fit: Fit) -> dict[str, float]:
        """Every score of every set, and the drift of the predictions for test (of whose labels it takes no notice)."""
        scores: dict[str, float] = {}
        for name, gold in self.sets.items():
            predicted = steps.predict(fit, [s.withheld() for s in gold])
            verdict = steps.judge(gold, predicted, self.how, self.first.get(name))
            self.first.setdefault(name, verdict)
            scores |= named(name, verdict.scores) | named(f"time/predict_{name}", speed_of(predicted))
            if name == "test":
                scores |= named("drift", steps.drift(self.last.get(name), predicted))
            self.last[name] = predicted
        return scores


def watch(scores: Mapping[str, float], gold: Gold, labels: Sequence[str]) -> tuple[str, ...]:
    """Signs of collapse: the predictions for test no longer look like the gold that was bought."""
    shares = {label: scores.get(f"drift/share/{label}", 0.0) for label in labels}
    density, gold_shares = gold.look()
    warning = collapse_warning(scores["drift/density"], density, shares, gold_shares)
    return (warning,) if warning else ()


def speed_of(made: Predicted) -> dict[str, float]:
    return speed(sum(len(s.tokens) for s in made.sentences), made.seconds)


def speed(tokens: int, seconds: float) -> dict[str, float]:
    return {"seconds": seconds, "tokens_per_second": tokens / seconds if seconds > 0 else 0.0}
