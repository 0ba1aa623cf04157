"""Intervals of a mean over few seeds that stay within the range of the score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Bounds(NamedTuple):
    """The least and the greatest value that a score can have."""

    low: float
    high: float


SHARE, SIGNED = Bounds(0.0, 1.0), Bounds(-1.0, 1.0)
# the first part of a metric's name that stands here decides
KINDS: dict[str, Bounds | None] = {
    **dict.fromkeys(("support", "spans", "errors", "budget", "time", "train"), None),
    **dict.fromkeys(("f1", "precision", "recall", "accuracy", "agreement_f1"), SHARE),
    **dict.fromkeys(("proposed_precision", "proposed_recall", "accepted_share"), SHARE),
    **dict.fromkeys(
        ("churn", "share", "ece", "mean_confidence", "class_divergence", "collapse"), SHARE
    ),
    **dict.fromkeys(("gain", "kappa", "agreement_kappa"), SIGNED),
}


def bounds_of(metric: str) -> Bounds | None:
    """The range of a metric, by its name (docs/results.md).

    None for counts, times and others that have no upper end.

    >>> bounds_of("test/f1/micro"), bounds_of("test/gain/micro").low, bounds_of("budget/tokens")
    (Bounds(low=0.0, high=1.0), -1.0, None)
    """
    return next((KINDS[part] for part in metric.split("/") if part in KINDS), None)


def of_difference(bounds: Bounds | None) -> Bounds | None:
    """The range of the difference of two scores of the range ``bounds``."""
    return bounds and Bounds(bounds.low - bounds.high, bounds.high - bounds.low)


def t_interval(
    values: Sequence[float], bounds: Bounds | None, level: float = 0.95
) -> tuple[float, float] | None:
    """Interval of the mean of ``values``; None for fewer than two.

    Without ``bounds`` the t interval. With them the t interval on the logit scale: mean and
    standard error by the delta method, then back, as survey statistics do for shares (R
    ``survey::svyciprop``, SAS ``PROC SURVEYFREQ``). It agrees with the t interval where that is
    short, and lies within the bounds always; where all values are equal it is that value.

    >>> [round(end, 3) for end in t_interval([0.40, 0.50], SHARE)]
    [0.059, 0.914]
    """
    from scipy.special import stdtrit  # the t distribution; scipy.stats takes a second to import

    if len(values) < 2:
        return None
    mean = float(np.mean(values))
    if np.ptp(values) < 1e-9:  # rounding aside they are the same
        return mean, mean
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = float(stdtrit(len(values) - 1, (1 + level) / 2)) * error
    if bounds is None:
        return mean - half, mean + half
    low, high = bounds
    below, above = mean - low, high - mean
    factor = math.exp(min(700.0, half * (high - low) / (below * above)))
    return (
        low + (high - low) * below / (below + above * factor),
        high - (high - low) * above / (above + below * factor),
    )
