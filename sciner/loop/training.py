"""The fits of a round, and what is reported of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sciner.loop.iteration import Iteration
from sciner.loop.outcomes import FitResult, speed
from sciner.loop.steps.runner import StepRunner
from sciner.policy.seed import member_seed
from sciner.score.evaluation import prefixed
from sciner.tagger.base import FitOptions, FitReport
from sciner.text.corpus import Example


def train(
    steps: StepRunner,
    examples: Sequence[Example],
    iteration: Iteration,
    number: int,
    before: Sequence[FitResult],
    parts: Mapping[str, int],
    seed: int,
) -> tuple[FitResult, ...]:
    """Train the tagger of round ``number`` and, if another round follows, the other teachers.

    Args:
        steps: of the run.
        examples: gold and silver.
        iteration: how.
        number: of the round.
        before: the taggers of the previous round, from whose weights ``init=previous`` starts.
        parts: {sentence id: the teacher that is not trained on its silver}.
        seed: of the run.
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
    """The examples without the silver of one teacher's part."""
    return tuple(e for e in examples if e.source == "gold" or parts.get(e.sentence.id) != member)


def fit_scores(fit: FitResult, examples: Sequence[Example]) -> dict[str, float]:
    """Size of the training set, passes over gold and silver, length and speed of the fit."""
    size = {"sentences": float(len(examples)), "steps": float(fit.report.steps)}
    return prefixed("train", size | passes(fit.report, examples)) | prefixed(
        "time/fit", speed(fit.report.tokens, fit.report.seconds)
    )


def passes(report: FitReport, examples: Sequence[Example]) -> dict[str, float]:
    """How often the fit saw each token of gold, and of silver if there is any, on average."""
    there = {"gold": 0, "silver": 0}
    for e in examples:
        there[e.source] += len(e.sentence.tokens)
    seen = {source: report.tokens * n / sum(there.values()) for source, n in there.items()}
    if report.gold_tokens is not None:
        seen = {"gold": report.gold_tokens, "silver": report.tokens - report.gold_tokens}
    return {f"{source}_passes": seen[source] / n for source, n in there.items() if n}
