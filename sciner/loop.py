"""The rounds. Self-training, active learning and supervised learning differ in the policies they are given, nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
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
from sciner.text.prediction import Prediction

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

    Decisions see ``pool`` without its labels; the withheld gold reaches the annotator, and the report on silver quality.
    """
    withheld = {s.id: s.spans for s in (*split.seed_set, *split.pool, *split.dev) if s.spans is not None}
    annotator = PerfectAnnotator(withheld)
    bought = annotator.label([s.withheld() for s in split.seed_set])
    dev = annotator.label([s.withheld() for s in split.dev])
    budget = Budget().charged(bought).charged(dev)
    pool = tuple(s.withheld() for s in (*split.pool, *corpus.unlabelled))
    gold = [gold_example(s) for s in bought]
    seed_look = density_and_shares((s.spans or () for s in bought), (len(s.tokens) for s in bought))
    empty_rate = sum(not s.spans for s in bought) / len(bought)

    silver: dict[str, Example] = {}  # accepted, by sentence id
    annotated: dict[str, Prediction] = {}  # the last annotation of every pool sentence
    fitted: Fitted | None = None
    earlier: tuple[Prediction, ...] | None = None
    firsts: dict[str, Counts] = {}
    for number in range(iteration.rounds + 1):
        began = time.perf_counter()
        scores: dict[str, float] = {}
        if number > 0:
            assert fitted is not None
            todo = [s for s in pool if iteration.relabel == "all" or s.id not in silver]
            proposed, annotate = timed_predictions(fitted, todo)
            pool_drift = drift_scores([annotated[s.id] for s in todo] if annotated else None, proposed, corpus.labels)
            if iteration.stop == "churn" and pool_drift.get("churn", 1.0) < iteration.min_churn:
                log.info("stopped before round %d: %.1f%% of the silver changed", number, 100 * pool_drift["churn"])
                return
            annotated |= {p.sentence.id: p for p in proposed}
            fresh = accept(proposed, threshold, gold_empty_rate=empty_rate, round=number, weight=iteration.silver_weight)
            silver = (silver if iteration.relabel == "frozen" else {}) | {e.sentence.id: e for e in fresh}
            scores |= named("silver", silver_scores(list(silver.values()), list(annotated.values()), withheld))
            scores |= named("silver/drift", pool_drift) | named("time/annotate", annotate)
        examples = (*gold, *(silver[s.id] for s in pool if s.id in silver))
        fitted = tagger.fit(examples, seed=seed, start=fitted if iteration.init == "previous" else None)
        scores |= named("budget", budget.scores()) | named("time/fit", speed(fitted.report.tokens, fitted.report.seconds))
        scores |= {"train/sentences": float(len(examples)), "train/steps": float(fitted.report.steps)}

        for name, sentences in (("dev", dev), ("test", corpus.test)):
            if not sentences:
                continue
            predictions, took = timed_predictions(fitted, [s.withheld() for s in sentences])
            judged, counts = judge(sentences, predictions, how=threshold.confidence, first=firsts.get(name))
            firsts.setdefault(name, counts)
            scores |= named(name, judged) | named(f"time/predict_{name}", took)
        scores |= named("drift", drift_scores(earlier, predictions, corpus.labels))
        warnings = watch(scores, seed_look, corpus.labels)
        scores["drift/collapse"] = float(bool(warnings))
        scores["time/round/seconds"] = time.perf_counter() - began
        earlier = tuple(predictions)
        yield Round(number, scores, warnings, examples, fitted, earlier)


def watch(scores: dict[str, float], seed_look: tuple[float, dict[str, float]], labels: Sequence[str]) -> tuple[str, ...]:
    """Signs of collapse in the predictions for the test text; its labels are not looked at."""
    shares = {label: scores.get(f"drift/share/{label}", 0.0) for label in labels}
    warning = collapse_warning(scores["drift/density"], seed_look[0], shares, seed_look[1])
    return (warning,) if warning else ()


def timed_predictions(fitted: Fitted, sentences: Sequence[Sentence]) -> tuple[list[Prediction], dict[str, float]]:
    began = time.perf_counter()
    predictions = list(fitted.predict(sentences))
    return predictions, speed(sum(len(s.tokens) for s in sentences), time.perf_counter() - began)


def speed(tokens: int, seconds: float) -> dict[str, float]:
    return {"seconds": seconds, "tokens_per_second": tokens / seconds if seconds > 0 else 0.0}
