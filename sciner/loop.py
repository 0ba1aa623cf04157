"""The rounds. Self-training, active learning and supervised learning differ in the policies they are given, nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Container, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from sciner.gold import Gold
from sciner.policy.acquire import Acquire
from sciner.policy.annotator import Annotator, SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.seed import Split
from sciner.policy.threshold import Threshold
from sciner.score.drift import collapse_warning
from sciner.score.judge import named
from sciner.score.propagation import propagation_scores
from sciner.score.silver import kappa_scores
from sciner.score.stats import Counts
from sciner.steps import Steps
from sciner.taken import Done, Fit, Predicted, Verdict
from sciner.text.corpus import Corpus, Example, Sentence
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
    acquired: ids of what it bought. counts: [documents, 3] of each judged set (``score.entity.entity_counts``).
    steps: what was computed or known; scores are the same either way. seconds: how long the turn took here."""

    number: int
    scores: dict[str, float]
    warnings: tuple[str, ...]
    examples: tuple[Example, ...]
    fit: Fit
    test: Predicted
    acquired: frozenset[str]
    counts: Mapping[str, Counts]
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
    acquire: Acquire = Acquire(),  # noqa: B008
    scorer: Steps | None = None,
) -> Iterator[Round]:
    """Round 0 (seed set alone), then one round after the other as they end. annotator: None is a perfect one. scorer: the
    steps of another tagger, by which the pool is ranked for ``acquire`` in the learner's place.

    Decisions see pool and test without their labels, and of seed set and dev what the annotator made of them: withheld gold
    reaches the annotator, and the report on the quality of gold and silver.
    """
    withheld = split.withheld()
    annotator = annotator or SimulatedAnnotator(withheld, Cost())
    gold = Gold(annotator, split, acquire, scorer)
    silver = Silver(tuple(s.withheld() for s in (*split.pool, *corpus.unlabelled)), iteration.relabel == "frozen")
    bench = Bench({"dev": gold.dev, "test": corpus.test}, threshold.confidence)

    fit: Fit | None = None
    for number in range(iteration.rounds + 1):
        began, taken = time.perf_counter(), len(steps.taken)
        scores: dict[str, float] = {}
        acquired: frozenset[str] = frozenset()
        if fit is not None:
            if why := gold.end():
                log.info("stopped before round %d: %s", number, why)
                break
            if acquire.kind == "none" or threshold.kind != "reject" or gold.wants_annotations():
                scores |= silver.annotate(steps, fit, whole=gold.wants_annotations())
            if iteration.stop == "churn" and scores.get("silver/drift/churn", 1.0) < iteration.min_churn:
                log.info("stopped before round %d: %.1f%% of the silver changed", number, 100 * scores["silver/drift/churn"])
                break
            if acquire.kind != "none":
                acquired, bought = gold.buy(steps, fit, silver.whole, seed=seed, round=number)
                silver.without(acquired)
                scores |= named("acquire", bought)
            if silver.whole is not None:
                scores |= silver.accept(steps, threshold, withheld, gold, number, iteration.silver_weight)

        scores |= named("budget", gold.budget.scores()) | named("gold", gold.quality(withheld))
        examples = (*gold.examples(), *silver.examples())
        fit = steps.fit(examples, seed=seed, start=fit if iteration.init == "previous" else None)

        scores |= named("train", {"sentences": float(len(examples)), "steps": float(fit.report.steps)})
        scores |= named("time/fit", speed(fit.report.tokens, fit.report.seconds))
        scores |= bench.judge(steps, fit, gold.forms(), gold.rare(corpus.labels))
        warnings = watch(scores, gold, corpus.labels)
        scores["drift/collapse"] = float(bool(warnings))
        done = tuple(steps.taken[taken:])
        scores["time/round/seconds"] = sum({d.key: d.seconds for d in done}.values())
        seconds = time.perf_counter() - began
        yield Round(number, scores, warnings, examples, fit, bench.last["test"], acquired, bench.counts, done, seconds)
    steps.close()


class Silver:
    """The pool: its annotations, and what of them is accepted. frozen: what is accepted once stays, the rest is tried anew."""

    def __init__(self, pool: Sequence[Sentence], frozen: bool) -> None:
        self.pool, self.frozen = pool, frozen
        self.whole: Predicted | None = None  # the latest annotation, of sentences that are then bought or accepted too
        self.annotations: list[Predicted] = []  # the latest; with frozen, all: earlier ones hold what was accepted
        self.accepted: dict[str, Example] = {}  # by sentence id
        self.kept: dict[str, Example] = {}  # of these, what this round does not try anew

    def annotate(self, steps: Steps, fit: Fit, whole: bool) -> dict[str, float]:
        """Let the tagger label the pool, or unless ``whole`` what of it is not accepted yet; how fast, and how far the labels
        of the latter moved."""
        self.kept = self.accepted if self.frozen else {}
        before = self.annotations[-1] if self.annotations else None
        self.whole = steps.predict(fit, [s for s in self.pool if whole or s.id not in self.kept])
        fresh = self.whole.only({s.id for s in self.pool} - self.kept.keys()) if whole and self.kept else self.whole
        self.annotations = [*(self.annotations if self.frozen else ()), fresh]
        return named("silver/drift", steps.drift(before, fresh)) | named("time/annotate", speed_of(self.whole))

    def without(self, bought: Container[str]) -> None:
        """The annotator has labelled some: they are no silver any more."""
        self.pool = [s for s in self.pool if s.id not in bought]
        ids = {s.id for s in self.pool}
        self.annotations = [made.only(ids) for made in self.annotations]
        self.accepted = {id: example for id, example in self.accepted.items() if id in ids}
        self.kept = self.accepted if self.frozen else {}

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
        before = self.accepted
        self.accepted, scores = steps.select(fresh, self.kept, earlier, threshold, withheld, **look)
        scores = scores | kappa_scores(self.accepted.values(), withheld)
        errors = propagation_scores(before.values(), self.accepted.values(), withheld)
        return named("silver", scores) | named("silver/errors", errors)

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
        self.counts: Mapping[str, Counts] = {}

    def judge(self, steps: Steps, fit: Fit, seen: Set[str], rare: Sequence[str]) -> dict[str, float]:
        """Every score of every set, and the drift of the predictions for test (of whose labels it takes no notice).

        seen, rare: surface forms and rare classes of the gold that was bought for training."""
        scores: dict[str, float] = {}
        for name, gold in self.sets.items():
            predicted = steps.predict(fit, [s.withheld() for s in gold])
            verdict = steps.judge(gold, predicted, self.how, self.first.get(name))
            self.counts = {**self.counts, name: verdict.counts}
            self.first.setdefault(name, verdict)
            scores |= named(name, verdict.scores) | named(name, steps.lens(gold, predicted, seen, rare))
            scores |= named(f"time/predict_{name}", speed_of(predicted))
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
