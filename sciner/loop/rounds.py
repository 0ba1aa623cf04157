"""The rounds. Self-training, active learning and supervised learning differ in the policies they
are given, nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sciner.loop.evaluation import Evaluator, watch
from sciner.loop.gold import Gold
from sciner.loop.out_of_fold import mask_missed, predict_out_of_fold, temperature_of
from sciner.loop.outcomes import FitResult, OutOfFold, Predicted, StepRecord, speed
from sciner.loop.silver import Silver
from sciner.loop.steps.runner import StepRunner
from sciner.loop.suspects import suspected
from sciner.loop.teacher import Annotates, AskedTeacher, Teacher, parts_of
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.annotator import Annotator, SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.seed import Split, member_seed
from sciner.policy.threshold.accept import Threshold
from sciner.score.evaluation import named
from sciner.score.stats import Counts
from sciner.score.suspects import Suspected
from sciner.tagger.base import FitOptions, FitReport
from sciner.text.corpus import Corpus, Example

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Iteration:
    """How the loop turns (arXiv 2502.16312: two rounds, each re-training the pretrained encoder on
    gold and all silver).

    rounds: after round 0.
    steps: optimiser steps of the fits after round 0; None is as many as round 0 has.
    gold_share: how much of what these fits see is gold, in (0, 1); None joins gold and silver as
        they are.
    finish_steps: steps of a last stage on gold alone, at a lower rate.
    ema: decay of a moving average of their weights.
    labels: of silver; hard (the decoded spans) or soft (the teacher's label distributions).
    temperature: of soft labels; fit takes the one at which out-of-fold predictions fit the gold of
        the seed set.
    teacher: who annotates the pool: the tagger, a language model (``run_rounds`` is given it as
        ``asked``), or the mean of both.
    teachers: how many taggers, trained on the same data with other seeds, annotate the pool by the
        mean of their distributions; the last round trains one.
    folds: each teacher leaves one part of the silver out of its training, and is the only one to
        annotate this part, for a tagger confirms what it has learnt (cross-partition
        re-annotation, arXiv 2311.08640).
    init: every fit starts from the pretrained weights, or from those of the round before.
    relabel: each round annotates the whole pool anew, or silver once accepted stays.
    silver_weight: of a silver token in the loss, gold being 1.
    mask_missed: tokens that gold labels O and out-of-fold predictions an entity are masked after
        round 0, for the annotator may have missed it (Li et al. 2021, arXiv 2012.05426).
    stop: after ``rounds``, or before if less than ``min_churn`` of the silver spans changed.
    guard: what a sign of collapse does: it is reported, or it also stops the loop.
    """

    rounds: int = 2
    steps: int | None = None
    gold_share: float | None = None
    finish_steps: int | None = None
    ema: float | None = None
    labels: Literal["hard", "soft"] = "hard"
    temperature: float | Literal["fit"] = 1.0
    teacher: Literal["tagger", "llm", "both"] = "tagger"
    teachers: int = 1
    folds: bool = False
    init: Literal["pretrained", "previous"] = "pretrained"
    relabel: Literal["all", "frozen"] = "all"
    silver_weight: float = 1.0
    mask_missed: bool = False
    stop: Literal["fixed", "churn"] = "fixed"
    min_churn: float = 0.02
    guard: Literal["warn", "stop"] = "warn"

    @property
    def needs_judged(self) -> bool:
        """Are out-of-fold predictions for the seed set needed?"""
        return self.temperature == "fit" or self.mask_missed

    def fit_options(self) -> FitOptions:
        """How the fits after round 0 differ from round 0's."""
        return FitOptions(self.steps, self.gold_share, self.finish_steps, self.ema)

    def temperature_from(self, judged: OutOfFold | None, labels: Sequence[str]) -> float:
        """The temperature of soft labels, as a number. judged: where it is to be fitted."""
        if self.temperature == "fit":
            assert judged is not None
            return temperature_of(judged, labels)
        return self.temperature


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn left behind. scores: every figure under its metric name. examples: what the
    tagger was trained on. acquired: ids of what it bought. counts: [documents, 3] of each set
    (``score.entity.entity_counts``). steps: what was computed or known; scores are the same either
    way. seconds: how long the turn took here. suspects: of ``examples``, where they were asked
    for."""

    number: int
    scores: dict[str, float]
    warnings: tuple[str, ...]
    examples: tuple[Example, ...]
    fit: FitResult
    test: Predicted
    acquired: frozenset[str]
    counts: Mapping[str, Counts]
    steps: tuple[StepRecord, ...]
    seconds: float
    suspects: tuple[Suspected, ...] | None = None


def run_rounds(
    corpus: Corpus,
    split: Split,
    steps: StepRunner,
    threshold: Threshold,
    iteration: Iteration,
    *,
    seed: int,
    annotator: Annotator | None = None,
    acquire: Acquire = Acquire(),  # noqa: B008
    scorer: StepRunner | None = None,
    suspects: bool = False,
    asked: AskedTeacher | None = None,
) -> Iterator[Round]:
    """Round 0 (seed set alone), then one round after the other as they end. annotator: None is a
    perfect one. scorer: the steps of another tagger, by which the pool is ranked for ``acquire`` in
    the learner's place. suspects: look for label errors, at the price of five fits. asked: a
    language model that annotates the pool in the tagger's place, or beside it; without a seed set
    there is no round 0 then.

    Decisions see pool and test without their labels, and of seed set and dev what the annotator
    made of them: withheld gold reaches the annotator, and the report on the quality of gold and
    silver.
    """
    withheld = split.withheld()
    annotator = annotator or SimulatedAnnotator(withheld, Cost())
    gold = Gold(annotator, split, acquire, scorer)
    silver = Silver(
        tuple(s.withheld() for s in (*split.pool, *corpus.unlabelled)),
        iteration.relabel == "frozen",
    )
    evaluator = Evaluator({"dev": gold.dev, "test": corpus.test}, threshold.confidence)

    parts = parts_of(silver.pool, iteration.teachers) if iteration.folds else {}
    seed_set, judged = gold.bought, None
    members: tuple[FitResult, ...] = ()
    warnings: tuple[str, ...] = ()
    for number in range(0 if seed_set else 1, iteration.rounds + 1):
        began, taken = time.perf_counter(), len(steps.taken)
        scores: dict[str, float] = {}
        acquired: frozenset[str] = frozenset()
        if suspects and judged is None:
            # the whole pool, even if little of it will be needed: to ask the folds' taggers later,
            # in another run, is to train them again
            judged = predict_out_of_fold(steps, seed_set, seed, silver.pool)
        if number:
            # those of round 0 have seen no silver
            tagger = Teacher(steps, members, parts if number > 1 else {})
            teacher: Annotates = asked.shown(seed_set, seed, tagger) if asked else tagger
            if why := gold.end() or guarded(iteration, warnings):
                log.info("stopped before round %d: %s", number, why)
                break
            if judged is None and (threshold.needs_judged or iteration.needs_judged):
                judged = predict_out_of_fold(steps, seed_set, seed)
            if not acquire.buys or threshold.needs_silver or gold.wants_annotations():
                scores |= silver.annotate(steps, teacher, whole=gold.wants_annotations())
            if why := settled(iteration, scores):
                log.info("stopped before round %d: %s", number, why)
                break
            if acquire.buys:
                acquired, bought = gold.buy(
                    steps, members[0], silver.whole, seed=seed, round=number
                )
                silver.without(acquired)
                scores |= named("acquire", bought)
            if silver.whole is not None:
                scores |= silver.accept(
                    steps, threshold, withheld, gold, number, iteration.silver_weight, judged
                )

        if asked:
            gold.budget = gold.budget.used(asked.usage())
            scores |= named("llm/teacher", asked.report(withheld))
        scores |= named("llm/annotator", gold.report(withheld))
        scores |= named("budget", gold.budget.scores()) | named("gold", gold.quality(withheld))
        accepted = silver.examples()
        if iteration.labels == "soft" and accepted:
            scores["silver/temperature"] = temperature = iteration.temperature_from(
                judged, steps.labels
            )
            accepted = silver.soft_examples(steps.labels, temperature)
        labelled = gold.examples()
        if iteration.mask_missed and judged is not None:
            labelled = mask_missed(labelled, judged)
            scores["gold/masked_tokens"] = float(sum(len(e.masked) for e in labelled))
        examples = (*labelled, *accepted)
        # of the last round's tagger nobody asks anything: it may learn all
        ways = parts if number < iteration.rounds else {}
        members = train(steps, examples, iteration, number, members, ways, seed)
        fit, examples = members[0], without_part(examples, ways, 0)

        scores |= fit_scores(fit, examples)
        scores |= evaluator.evaluate(steps, fit, gold.forms(), gold.rare(corpus.labels))
        scores |= evaluator.evaluate_ensemble(Teacher(steps, members, {}))
        warnings = watch(scores, gold, corpus.labels)
        done = tuple(steps.taken[taken:])
        scores |= {"drift/collapse": float(bool(warnings)), "time/round/seconds": seconds_of(done)}
        yield Round(
            number,
            scores,
            warnings,
            examples,
            fit,
            evaluator.last["test"],
            acquired,
            evaluator.counts,
            done,
            time.perf_counter() - began,
            suspected(examples, judged, steps.labels) if suspects and judged else None,
        )
    steps.close()


def guarded(iteration: Iteration, warnings: Sequence[str]) -> str | None:
    """Why a sign of collapse ends the loop, if it does."""
    return (
        f"iteration.guard=stop: {warnings[0]}" if iteration.guard == "stop" and warnings else None
    )


def settled(iteration: Iteration, scores: Mapping[str, float]) -> str | None:
    """Why the silver ends the loop, if it does: it hardly changes any more."""
    churn = scores.get("silver/drift/churn", 1.0)
    if iteration.stop == "churn" and churn < iteration.min_churn:
        return f"{100 * churn:.1f}% of the silver changed"
    return None


def train(
    steps: StepRunner,
    examples: Sequence[Example],
    iteration: Iteration,
    number: int,
    before: Sequence[FitResult],
    parts: Mapping[str, int],
    seed: int,
) -> tuple[FitResult, ...]:
    """The tagger of round ``number``, and where another round follows, the other teachers.

    before: those of the round before, from whose weights ``init=previous`` starts. parts: {sentence
    id: the teacher that is not trained on its silver}.
    """
    options = iteration.fit_options() if number else FitOptions()
    starts = before if iteration.init == "previous" else ()
    return tuple(
        steps.fit(
            without_part(examples, parts, member),
            seed=member_seed(seed, member),
            beside=member > 0,
            start=starts[member] if starts else None,
            options=options,
        )
        for member in range(iteration.teachers if number < iteration.rounds else 1)
    )


def without_part(
    examples: Sequence[Example], parts: Mapping[str, int], member: int
) -> tuple[Example, ...]:
    """The examples, but for the silver of one teacher's part."""
    return tuple(e for e in examples if e.source == "gold" or parts.get(e.sentence.id) != member)


def fit_scores(fit: FitResult, examples: Sequence[Example]) -> dict[str, float]:
    """What a training was of, how often it saw each source, how long it was, and how fast."""
    size = {"sentences": float(len(examples)), "steps": float(fit.report.steps)}
    return named("train", size | passes(fit.report, examples)) | named(
        "time/fit", speed(fit.report.tokens, fit.report.seconds)
    )


def passes(report: FitReport, examples: Sequence[Example]) -> dict[str, float]:
    """How often the fit saw each token of gold, and of silver where there is any, on average."""
    there = {"gold": 0, "silver": 0}
    for e in examples:
        there[e.source] += len(e.sentence.tokens)
    seen = {source: report.tokens * n / sum(there.values()) for source, n in there.items()}
    if report.gold_tokens is not None:
        seen = {"gold": report.gold_tokens, "silver": report.tokens - report.gold_tokens}
    return {f"{source}_passes": seen[source] / n for source, n in there.items() if n}


def seconds_of(taken: Iterable[StepRecord]) -> float:
    """What computing the steps took, now or then; each counts once."""
    return sum({step.key: step.seconds for step in taken}.values())
