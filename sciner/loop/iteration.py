"""How the rounds go on: their settings, and what ends them early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sciner.loop.out_of_fold import temperature_of
from sciner.loop.outcomes import OutOfFold
from sciner.tagger.base import FitOptions


@dataclass(frozen=True, slots=True)
class Iteration:
    """How the loop iterates.

    The defaults are those of arXiv 2502.16312: two rounds, each re-training the pretrained encoder
    on gold and all silver.

    Attributes:
        rounds: after round 0.
        steps: optimiser steps of the fits after round 0; None is as many as round 0 has.
        gold_share: share of gold in what these fits see, in (0, 1); None joins gold and silver as
            they are.
        finish_steps: steps of a last stage on gold alone, at a lower rate.
        ema: decay of a moving average of their weights.
        labels: of silver; hard (the decoded spans) or soft (the teacher's label distributions).
        temperature: of soft labels; fit takes the one at which out-of-fold predictions fit the gold
            of the seed set.
        teacher: who annotates the pool: the tagger, a language model (``asked`` of ``run_rounds``),
            or the mean of both.
        teachers: number of taggers, trained on the same data with other seeds, whose mean annotates
            the pool; the last round trains one.
        folds: each teacher leaves one part of the silver out of its training, and is the only one
            to annotate this part, because a tagger confirms what it has learnt (cross-partition
            re-annotation, arXiv 2311.08640).
        init: every fit starts from the pretrained weights, or from those of the previous round.
        relabel: each round annotates the whole pool anew, or accepted silver stays.
        silver_weight: of a silver token in the loss, gold being 1.
        mask_missed: after round 0, tokens are masked that gold labels O and out-of-fold predictions
            an entity, because the annotator may have missed it (Li et al. 2021, arXiv 2012.05426).
        stop: after ``rounds``, or earlier if less than ``min_churn`` of the silver spans changed.
        min_churn: a share of the silver spans.
        guard: whether a sign of collapse is reported only, or also ends the loop.
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
        """Whether out-of-fold predictions for the seed set are needed."""
        return self.temperature == "fit" or self.mask_missed

    def fit_options(self) -> FitOptions:
        """How the fits after round 0 differ from round 0's."""
        return FitOptions(self.steps, self.gold_share, self.finish_steps, self.ema)

    def temperature_from(self, judged: OutOfFold | None, labels: Sequence[str]) -> float:
        """The temperature of soft labels as a number; ``judged`` is what it is fitted to."""
        if self.temperature == "fit":
            assert judged is not None
            return temperature_of(judged, labels)
        return self.temperature


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
