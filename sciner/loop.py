"""The rounds. Self-training, active learning and supervised learning differ in the policies they are given, nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sciner.policy.annotator import Budget, PerfectAnnotator
from sciner.policy.seed import Split
from sciner.policy.threshold import Threshold, accept
from sciner.score.drift import collapse_warning, density_and_shares, drift_scores
from sciner.score.judge import judge, named
from sciner.score.silver import silver_scores
from sciner.score.stats import Counts
from sciner.tagger.base import Fitted, Tagger
from sciner.text.corpus import Corpus, Example, Sentence, gold_example
from sciner.text.prediction import Aggregate, Prediction
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
    """What one turn left behind. scores: every figure under its metric name. examples: what the tagger was trained on."""

    number: int
    scores: dict[str, float]
    warnings: tuple[str, ...]
    examples: tuple[Example, ...]
    fitted: Fitted
    test: tuple[Prediction, ...]


def run_rounds(
    corpus: Corpus, split: Split, tagger: Tagger, threshold: Threshold, iteration: Iteration, *, seed: int
) -> Iterator[Round]:
    """Round 0 (seed set alone), then one round after the other as they end.

    Decisions see pool and test without their labels: withheld gold reaches the annotator, and the report on silver quality.
    """
    withheld = {s.id: s.spans for s in (*split.seed_set, *split.pool, *split.dev) if s.spans is not None}
    gold = Gold.buy(PerfectAnnotator(withheld), split)
    silver = Silver(tuple(s.withheld() for s in (*split.pool, *corpus.unlabelled)), corpus.labels)
    bench = Bench({"dev": gold.dev, "test": corpus.test}, corpus.labels, threshold.confidence)

    fitted: Fitted | None = None
    for number in range(iteration.rounds + 1):
        began = time.perf_counter()
        scores = named("budget", gold.budget.scores())
        if fitted is not None:
            scores |= silver.annotate(fitted, keep_accepted=iteration.relabel == "frozen")
            if iteration.stop == "churn" and scores.get("silver/drift/churn", 1.0) < iteration.min_churn:
                log.info("stopped before round %d: %.1f%% of the silver changed", number, 100 * scores["silver/drift/churn"])
                return
            silver.accept(threshold, gold, number, iteration.silver_weight)
            scores |= silver.scores(withheld)

        examples = (*gold.examples(), *silver.examples())
        fitted = tagger.fit(examples, seed=seed, start=fitted if iteration.init == "previous" else None)

        scores |= named("train", {"sentences": float(len(examples)), "steps": float(fitted.report.steps)})
        scores |= named("time/fit", speed(fitted.report.tokens, fitted.report.seconds))
        scores |= bench.judge(fitted)
        warnings = watch(scores, gold, corpus.labels)
        scores["drift/collapse"] = float(bool(warnings))
        scores["time/round/seconds"] = time.perf_counter() - began
        yield Round(number, scores, warnings, examples, fitted, bench.test)


@dataclass(frozen=True, slots=True)
class Gold:
    """What the annotator has labelled so far, and its price."""

    bought: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]
    budget: Budget

    @classmethod
    def buy(cls, annotator: PerfectAnnotator, split: Split) -> Gold:
        bought = annotator.label([s.withheld() for s in split.seed_set])
        dev = annotator.label([s.withheld() for s in split.dev])
        return cls(bought, dev, Budget().charged(bought).charged(dev))

    def examples(self) -> list[Example]:
        return [gold_example(s) for s in self.bought]

    def empty_rate(self) -> float:
        """Share of the sentences to train on that hold no span."""
        return sum(not s.spans for s in self.bought) / len(self.bought)

    def look(self) -> tuple[float, dict[str, float]]:
        """(spans per 100 tokens, share of each class among them)."""
        return density_and_shares((s.spans or () for s in self.bought), (len(s.tokens) for s in self.bought))


class Silver:
    """The pool: its latest annotation, and what of it is accepted."""

    def __init__(self, pool: Sequence[Sentence], labels: Sequence[str]) -> None:
        self.pool, self.labels = pool, labels
        self.proposed: dict[str, Prediction] = {}  # by sentence id
        self.accepted: dict[str, Example] = {}

    def annotate(self, fitted: Fitted, *, keep_accepted: bool) -> dict[str, float]:
        """Let ``fitted`` label the pool, or what of it is not accepted yet; how fast, and how far the labels moved."""
        self.kept = self.accepted if keep_accepted else {}
        todo = [s for s in self.pool if s.id not in self.kept]
        predictions, took = timed_predictions(fitted, todo)
        before = [self.proposed[s.id] for s in todo] if self.proposed else None
        self.fresh = predictions
        self.proposed |= {p.sentence.id: p for p in predictions}
        return named("silver/drift", drift_scores(before, predictions, self.labels)) | named("time/annotate", took)

    def accept(self, threshold: Threshold, gold: Gold, number: int, weight: float) -> None:
        """Add what ``threshold`` lets through of the latest annotation."""
        _, shares = gold.look()
        fresh = accept(
            self.fresh, threshold, gold_empty_rate=gold.empty_rate(), gold_shares=shares, round=number, weight=weight
        )
        self.accepted = self.kept | {e.sentence.id: e for e in fresh}

    def examples(self) -> list[Example]:
        """Accepted silver, in the order of the pool."""
        return [self.accepted[s.id] for s in self.pool if s.id in self.accepted]

    def scores(self, withheld: Mapping[str, tuple[Span, ...]]) -> dict[str, float]:
        return named("silver", silver_scores(self.examples(), list(self.proposed.values()), withheld))


class Bench:
    """The judged sets; remembers round 0 for the gain and the last round for the drift."""

    def __init__(self, sets: Mapping[str, Sequence[Sentence]], labels: Sequence[str], how: Aggregate) -> None:
        self.sets = {name: sentences for name, sentences in sets.items() if sentences}
        self.labels, self.how = labels, how
        self.first: dict[str, Counts] = {}
        self.test: tuple[Prediction, ...] = ()

    def judge(self, fitted: Fitted) -> dict[str, float]:
        """Every score of every set, and the drift of the predictions for test (of whose labels it takes no notice)."""
        scores: dict[str, float] = {}
        for name, gold in self.sets.items():
            predictions, took = timed_predictions(fitted, [s.withheld() for s in gold])
            judged, counts = judge(gold, predictions, how=self.how, first=self.first.get(name))
            self.first.setdefault(name, counts)
            scores |= named(name, judged) | named(f"time/predict_{name}", took)
            if name == "test":
                scores |= named("drift", drift_scores(self.test or None, predictions, self.labels))
                self.test = tuple(predictions)
        return scores


def watch(scores: Mapping[str, float], gold: Gold, labels: Sequence[str]) -> tuple[str, ...]:
    """Signs of collapse: the predictions for test no longer look like the gold that was bought."""
    shares = {label: scores.get(f"drift/share/{label}", 0.0) for label in labels}
    density, gold_shares = gold.look()
    warning = collapse_warning(scores["drift/density"], density, shares, gold_shares)
    return (warning,) if warning else ()


def timed_predictions(fitted: Fitted, sentences: Sequence[Sentence]) -> tuple[list[Prediction], dict[str, float]]:
    began = time.perf_counter()
    predictions = list(fitted.predict(sentences))
    return predictions, speed(sum(len(s.tokens) for s in sentences), time.perf_counter() - began)


def speed(tokens: int, seconds: float) -> dict[str, float]:
    return {"seconds": seconds, "tokens_per_second": tokens / seconds if seconds > 0 else 0.0}
