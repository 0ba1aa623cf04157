"""The rounds.

Self-training, active learning and supervised learning differ only in their policies.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sciner.loop.evaluation import Evaluator, watch
from sciner.loop.gold import Gold
from sciner.loop.iteration import Iteration, guarded, settled
from sciner.loop.out_of_fold import mask_missed, predict_out_of_fold
from sciner.loop.outcomes import FitResult, Predicted, StepRecord
from sciner.loop.silver import Silver
from sciner.loop.steps.runner import StepRunner
from sciner.loop.suspects import suspected
from sciner.loop.teacher import Annotates, AskedTeacher, Teacher, parts_of
from sciner.loop.training import fit_scores, train, without_part
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.annotator import Annotator, SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.seed import Split
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.resolved import Resolved
from sciner.score.evaluation import prefixed
from sciner.score.stats import Counts
from sciner.score.suspects import Suspected
from sciner.text.corpus import Corpus, Example

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """The results of one round.

    Attributes:
        number: from 0.
        scores: by metric name.
        warnings: of collapse.
        examples: what the tagger was trained on.
        fit: the tagger.
        test: its predictions for test.
        acquired: ids of the sentences bought in this round.
        counts: {set: [documents, 3]} (``score.entity.entity_counts``).
        steps: what was computed or found in the store; the scores are the same either way.
        seconds: wall time of the round in this run.
        suspects: suspected label errors among ``examples``; None unless requested.
        threshold: computes the threshold that accepted the silver; None if no silver was wanted, or
            it is one for the confidences of a language model, which are shares of votes.
    """

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
    threshold: Callable[[], Resolved] | None = None


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
    """Run round 0 (the seed set alone) and the rounds after it; yield each when it ends.

    Decisions see pool and test without labels, and seed set and dev with the annotator's labels
    only. Withheld gold is used by the annotator and by the scores of gold and silver.

    Args:
        corpus: the classes, test and unlabelled sentences.
        split: seed set, pool and dev.
        steps: computes, or finds in the store, each step.
        threshold: which silver is accepted.
        iteration: how the rounds go on.
        seed: of the run.
        annotator: None labels without errors.
        acquire: which sentences are bought in later rounds; by default none.
        scorer: the steps of another tagger, which ranks the pool in place of the learner.
        suspects: whether to look for label errors, which takes five more fits.
        asked: a language model that annotates the pool in place of the tagger, or together with it;
            with it, an empty seed set is allowed, and there is no round 0.

    Yields:
        The results of each round.
    """
    withheld = split.withheld()
    annotator = annotator or SimulatedAnnotator(withheld, Cost())
    gold = Gold(annotator, split, acquire, scorer, corpus.unlabelled)
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
            # predict the whole pool now, even if little of it is needed: the folds' taggers are
            # not kept, and a later run would have to train them again
            judged = predict_out_of_fold(steps, seed_set, seed, silver.pool)
        if number:
            # the taggers of round 0 have seen no silver, so each may annotate everything
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
                scores |= prefixed("acquire", bought)
            if silver.whole is not None:
                scores |= silver.accept(
                    steps, threshold, withheld, gold, number, iteration.silver_weight, judged
                )

        if asked:
            gold.budget = gold.budget.used(asked.usage())
            scores |= prefixed("llm/teacher", asked.report(withheld))
        scores |= prefixed("llm/annotator", gold.report(withheld))
        scores |= prefixed("budget", gold.budget.scores()) | prefixed(
            "gold", gold.quality(withheld)
        )
        accepted = silver.examples()
        if iteration.labels == "soft" and accepted:
            scores["silver/temperature"] = temperature = iteration.temperature_from(
                judged, steps.labels
            )
            accepted = silver.soft_examples(steps.labels, temperature)
        labelled = gold.examples()
        if number and iteration.mask_missed:
            assert judged is not None
            labelled = mask_missed(labelled, judged)
            scores["gold/masked_tokens"] = float(sum(len(e.masked) for e in labelled))
        examples = (*labelled, *accepted)
        # the tagger of the last round annotates nothing, so it is trained on all parts
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
            None if asked else silver.threshold,
        )
    steps.close()


def seconds_of(taken: Iterable[StepRecord]) -> float:
    """What computing the steps took, now or when they were stored; each counts once."""
    return sum({step.key: step.seconds for step in taken}.values())
