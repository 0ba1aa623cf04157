"""The rounds.

Self-training, active learning and supervised learning differ only in their policies.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sciner.loop.evaluation import Evaluator, watch
from sciner.loop.gold import Gold
from sciner.loop.iteration import Iteration, guarded, settled
from sciner.loop.out_of_fold import mask_missed, predict_out_of_fold
from sciner.loop.outcomes import FitResult, OutOfFold, Predicted, StepRecord
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
from sciner.text.corpus import Corpus, Example, Sentence
from sciner.text.spans import Span

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
    loop = _Loop(
        steps,
        threshold,
        iteration,
        seed,
        withheld=withheld,
        gold=gold,
        silver=silver,
        evaluator=Evaluator({"dev": gold.dev, "test": corpus.test}, threshold.confidence),
        seed_set=gold.bought,
        parts=parts_of(silver.pool, iteration.teachers) if iteration.folds else {},
        suspects=suspects,
        asked=asked,
    )
    for number in range(0 if loop.seed_set else 1, iteration.rounds + 1):
        done = loop.round(number)
        if isinstance(done, str):
            log.info("stopped before round %d: %s", number, done)
            break
        yield done
    steps.close()


@dataclass(slots=True)
class _Loop:
    """What stays from round to round, and one round as a method.

    Attributes:
        withheld: the gold of the pool, for the scores of gold and silver only.
        seed_set: its sentences, with the annotator's labels.
        parts: {sentence id: the only teacher that annotates it}, with ``iteration.folds``.
        members: the taggers of the last round; the first is its own.
        warnings: of collapse, in the last round.
        judged: out-of-fold predictions for the seed set, once they are needed.
    """

    steps: StepRunner
    threshold: Threshold
    iteration: Iteration
    seed: int
    withheld: Mapping[str, tuple[Span, ...]]
    gold: Gold
    silver: Silver
    evaluator: Evaluator
    seed_set: Sequence[Sentence]
    parts: Mapping[str, int]
    suspects: bool
    asked: AskedTeacher | None
    members: tuple[FitResult, ...] = ()
    warnings: tuple[str, ...] = ()
    judged: OutOfFold | None = None

    def round(self, number: int) -> Round | str:
        """Run one round; return why not where the loop ends before it."""
        began, taken = time.perf_counter(), len(self.steps.taken)
        scores: dict[str, float] = {}
        acquired: frozenset[str] = frozenset()
        if self.suspects:
            # predict the whole pool now, even if little of it is needed: the folds' taggers are
            # not kept, and a later run would have to train them again
            self.judge(self.silver.pool)
        if number:
            if why := self.ended() or self.annotate(number, scores):
                return why
            acquired = self.buy(number, scores)
            self.accept(number, scores)
        self.spend(scores)
        examples = self.train(number, self.examples(number, scores))
        self.score(examples, scores)
        done = tuple(self.steps.taken[taken:])
        scores |= {
            "drift/collapse": float(bool(self.warnings)),
            "time/round/seconds": seconds_of(done),
        }
        judged = self.judged if self.suspects else None
        return Round(
            number,
            scores,
            self.warnings,
            examples,
            self.members[0],
            self.evaluator.last["test"],
            acquired,
            self.evaluator.counts,
            done,
            time.perf_counter() - began,
            suspected(examples, judged, self.steps.labels) if judged else None,
            None if self.asked else self.silver.threshold,
        )

    def judge(self, pool: Sequence[Sentence] = ()) -> None:
        """Predict the seed set out of fold, the first time."""
        if self.judged is None:
            self.judged = predict_out_of_fold(self.steps, self.seed_set, self.seed, pool)

    def ended(self) -> str | None:
        """Why the loop ends, as gold and the last round tell; None if it goes on."""
        return self.gold.end() or guarded(self.iteration, self.warnings)

    def annotate(self, number: int, scores: dict[str, float]) -> str | None:
        """Let the teacher annotate the pool, where that is wanted; return why the loop ends."""
        if self.threshold.needs_judged or self.iteration.needs_judged:
            self.judge()
        # the taggers of round 0 have seen no silver, so each may annotate everything
        tagger = Teacher(self.steps, self.members, self.parts if number > 1 else {})
        asked = self.asked
        teacher: Annotates = asked.shown(self.seed_set, self.seed, tagger) if asked else tagger
        whole = self.gold.wants_annotations()
        if not self.gold.acquire.buys or self.threshold.needs_silver or whole:
            scores |= self.silver.annotate(self.steps, teacher, whole=whole)
        return settled(self.iteration, scores)

    def buy(self, number: int, scores: dict[str, float]) -> frozenset[str]:
        """Buy gold, where that is wanted; return the ids of the bought sentences."""
        if not self.gold.acquire.buys:
            return frozenset()
        acquired, bought = self.gold.buy(
            self.steps, self.members[0], self.silver.whole, seed=self.seed, round=number
        )
        self.silver.without(acquired)
        scores |= prefixed("acquire", bought)
        return acquired

    def accept(self, number: int, scores: dict[str, float]) -> None:
        """Accept silver by the threshold."""
        if self.silver.whole is not None:
            scores |= self.silver.accept(
                self.steps,
                self.threshold,
                self.withheld,
                self.gold,
                number,
                self.iteration.silver_weight,
                self.judged,
            )

    def spend(self, scores: dict[str, float]) -> None:
        """Charge the budget, and score those who labelled."""
        if self.asked:
            self.gold.budget = self.gold.budget.used(self.asked.usage())
            scores |= prefixed("llm/teacher", self.asked.report(self.withheld))
        scores |= prefixed("llm/annotator", self.gold.report(self.withheld))
        scores |= prefixed("budget", self.gold.budget.scores())
        scores |= prefixed("gold", self.gold.quality(self.withheld))

    def examples(self, number: int, scores: dict[str, float]) -> tuple[Example, ...]:
        """Gold and accepted silver, as the fit learns them."""
        accepted = self.silver.examples()
        if self.iteration.labels == "soft" and accepted:
            temperature = self.iteration.temperature_from(self.judged, self.steps.labels)
            scores["silver/temperature"] = temperature
            accepted = self.silver.soft_examples(self.steps.labels, temperature)
        labelled = self.gold.examples()
        if number and self.iteration.mask_missed:
            assert self.judged is not None
            labelled = mask_missed(labelled, self.judged)
            scores["gold/masked_tokens"] = float(sum(len(e.masked) for e in labelled))
        return (*labelled, *accepted)

    def train(self, number: int, examples: tuple[Example, ...]) -> tuple[Example, ...]:
        """Train the round's taggers; return what the first was trained on."""
        # the tagger of the last round annotates nothing, so it is trained on all parts
        ways = self.parts if number < self.iteration.rounds else {}
        self.members = train(
            self.steps, examples, self.iteration, number, self.members, ways, self.seed
        )
        return without_part(examples, ways, 0)

    def score(self, examples: Sequence[Example], scores: dict[str, float]) -> None:
        """Evaluate the round's taggers, and watch for a collapse."""
        fit, gold = self.members[0], self.gold
        scores |= fit_scores(fit, examples)
        scores |= self.evaluator.evaluate(
            self.steps, fit, gold.forms(), gold.rare(self.steps.labels)
        )
        scores |= self.evaluator.evaluate_ensemble(Teacher(self.steps, self.members, {}))
        self.warnings = watch(scores, gold, self.steps.labels)


def seconds_of(taken: Iterable[StepRecord]) -> float:
    """What computing the steps took, now or when they were stored; each counts once."""
    return sum({step.key: step.seconds for step in taken}.values())
