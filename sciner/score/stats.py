"""Bootstrap intervals of F1 over documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

# [documents, 3]: correct, predicted and gold spans, as entity.entity_counts gives them
Counts = npt.NDArray[np.int64]
Column = npt.NDArray[Any]


def f1_of(counts: Counts) -> float:
    """Micro F1 in [0, 1] of [documents, 3] counts; 0 without any span.

    >>> f1_of(np.array([[3, 4, 5], [1, 2, 1]]))
    0.6666666666666666
    """
    return float(_f1(*counts.T))


def f1_of_sums(sums: Column) -> Column:
    """Micro F1 in [0, 1] of [..., 3] sums of counts.

    It is computed as 2 correct / (predicted + gold), the harmonic mean of precision and recall,
    which is also defined where one of them is not.
    """
    return np.asarray(2 * sums[..., 0] / np.maximum(sums[..., 1] + sums[..., 2], 1))


def f1_interval(
    counts: Counts, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of micro F1 (Efron & Tibshirani 1993, chapter 13).

    Documents are resampled, not sentences, because sentences of one document are not independent.

    Args:
        counts: [documents, 3]. With fewer than two documents, both ends are the point estimate.
        level: of the interval.
        resamples: number of bootstrap samples.
        seed: of the bootstrap.

    Returns:
        (low, high), in [0, 1].
    """
    return _interval(counts, _f1, level, resamples, seed)


def f1_difference_interval(
    counts_a: Counts, counts_b: Counts, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Paired bootstrap interval of a difference of micro F1, a minus b.

    Every resample draws the same documents for both (Berg-Kirkpatrick, Burkett & Klein 2012,
    section 2).

    Args:
        counts_a, counts_b: [documents, 3] over the same documents in the same order.
        level: of the interval.
        resamples: number of bootstrap samples.
        seed: of the bootstrap.

    Returns:
        (low, high), in [-1, 1].

    Raises:
        ValueError: the shapes or the documents' gold spans differ.
    """
    if counts_a.shape != counts_b.shape or (counts_a[:, 2] != counts_b[:, 2]).any():
        raise ValueError(
            "a paired interval needs the counts of both taggers over the same documents"
        )
    return _interval(np.hstack([counts_a, counts_b]), _difference, level, resamples, seed)


def _interval(
    counts: Counts, statistic: Callable[..., Column], level: float, resamples: int, seed: int
) -> tuple[float, float]:
    from scipy.stats import bootstrap

    if len(counts) < 2:
        point = float(statistic(*counts.T))
        return point, point
    result = bootstrap(
        tuple(counts.T),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _f1(correct: Column, predicted: Column, gold: Column, axis: int = -1) -> Column:
    return f1_of_sums(
        np.stack([counts.sum(axis) for counts in (correct, predicted, gold)], axis=-1)
    )


def _difference(
    correct_a: Column,
    predicted_a: Column,
    gold_a: Column,
    correct_b: Column,
    predicted_b: Column,
    gold_b: Column,
    axis: int = -1,
) -> Column:
    return _f1(correct_a, predicted_a, gold_a, axis) - _f1(correct_b, predicted_b, gold_b, axis)
