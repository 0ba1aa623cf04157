"""Comparison of learning curves: F1 over the cost of the gold, two methods at a time.

Curves are compared within one corpus, and there is no rank test across corpora. Friedman's test
needs more than ten of them (Demšar 2006, section 3.2.2), and with four corpora the signed-rank
test cannot fall below p = 2 / 2**4 = 0.125 even if one method wins everywhere. So differences are
given for each corpus with their interval, with Holm's correction over the methods compared there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sciner.score.intervals import SIGNED, Bounds, t_interval
from sciner.score.stats import f1_of_sums

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]  # of the budget, both ends included


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """F1 of one seed's run at each budget.

    Attributes:
        budget: [points], strictly ascending.
        f1: [points], in [0, 1].
        counts: [points, documents, 3], correct, predicted and gold spans of each test document;
            None where a run kept none.

    Raises:
        ValueError: the shapes do not fit together, the budget does not ascend, or the documents'
            gold spans change along the curve.
    """

    budget: Floats
    f1: Floats
    counts: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.budget.ndim != 1 or not len(self.budget) or self.f1.shape != self.budget.shape:
            raise ValueError(
                f"a curve needs an F1 for every budget: {self.f1.shape} for {self.budget.shape}"
            )
        if (np.diff(self.budget) <= 0).any():
            raise ValueError(f"the budget of a curve ascends: {self.budget.tolist()}")
        if self.counts is not None:
            if self.counts.ndim != 3 or self.counts.shape[::2] != (len(self.budget), 3):
                raise ValueError(
                    f"counts are [points, documents, 3]: {self.counts.shape} for "
                    f"{len(self.budget)} points"
                )
            if (self.counts[..., 2] != self.counts[0, :, 2]).any():
                raise ValueError("the gold spans of the documents change along the curve")

    @classmethod
    def of(cls, budget: Sequence[float] | Floats, counts: npt.NDArray[np.int64]) -> Curve:
        """Make the curve of micro F1 from its counts, [points, documents, 3]."""
        return cls(np.asarray(budget, dtype=float), f1_of_sums(counts.sum(axis=1)), counts)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference, a minus b.

    Attributes:
        point: the estimate.
        low, high: ends of the interval, 95% unless another level was asked for; None where nothing
            varies that it could be computed from.
        p: two-sided p value; None as for the interval.
        over: what was resampled or averaged over, of seeds and documents.
    """

    point: float
    low: float | None
    high: float | None
    p: float | None
    over: tuple[str, ...]


def common_range(curves: Iterable[Curve]) -> Range:
    """Return the range of budgets that every curve covers.

    Raises:
        ValueError: there is no such range.
    """
    ends = [(curve.budget[0], curve.budget[-1]) for curve in curves]
    if not ends:
        raise ValueError("there is no curve")
    low, high = float(max(low for low, _ in ends)), float(min(high for _, high in ends))
    if low > high:
        raise ValueError(
            f"the curves have no budget in common: one begins at {low:g}, one ends at {high:g}"
        )
    return low, high


def area(curve: Curve, over: Range | None = None) -> float:
    """Mean F1 along a curve: the area under it, by trapezoids, divided by the width of the range.

    Args:
        curve: the curve.
        over: the range of budgets; None is the whole curve. F1 is interpolated linearly at its
            ends; a range of one budget gives F1 there.

    Returns:
        The area, in [0, 1].

    Raises:
        ValueError: the curve does not cover the range.

    >>> area(Curve(np.array([0.0, 10.0]), np.array([0.2, 0.4])))
    0.30000000000000004
    """
    return float(_weights(curve, over or common_range([curve])) @ curve.f1)


def _weights(curve: Curve, over: Range) -> Floats:
    """[points]: what each point's F1 adds to the area, which is linear in them."""
    low, high = over
    if not curve.budget[0] <= low <= high <= curve.budget[-1]:
        raise ValueError(
            f"the curve runs from {curve.budget[0]:g} to {curve.budget[-1]:g}, not from {low:g} "
            f"to {high:g}"
        )
    inside = curve.budget[(curve.budget > low) & (curve.budget < high)]
    knots = np.array([low, *inside, high])
    # [points, knots]
    hats = np.stack([np.interp(knots, curve.budget, one) for one in np.eye(len(curve.budget))])
    return hats[:, 0] if low == high else np.trapezoid(hats, knots, axis=1) / (high - low)


def area_difference(
    a: Mapping[int, Curve],
    b: Mapping[int, Curve],
    over: Range | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Difference:
    """Difference of two areas, as the mean over the seeds that both methods have.

    The interval is a percentile bootstrap of two crossed factors, each resampled separately (Owen
    2007, "The pigeonhole bootstrap"): seeds, and test documents, which are the same for all seeds,
    points and methods and are drawn jointly. It is conservative, unless there are few seeds and
    they cause most of the variation. p is the level at which the interval would touch 0 (Efron &
    Tibshirani 1993, section 15.4), with one added to the counts so that it is never 0 (Davison &
    Hinkley 1997, chapter 4).

    With one seed, only documents are resampled. With fewer than two documents, or a curve without
    counts, it is a t interval over seeds: a bootstrap of three values would be too narrow.

    Args:
        a, b: the curve of each seed.
        over: range of budgets; None is the range that all curves cover.
        level: of the interval.
        resamples: number of bootstrap samples.
        seed: of the bootstrap.

    Raises:
        ValueError: no seed or no budget is common, or the documents' gold spans differ.
    """
    pairs = [(a[key], b[key]) for key in sorted(a.keys() & b.keys())]
    if not pairs:
        raise ValueError("no seed is common to both methods")
    curves = [curve for pair in pairs for curve in pair]
    over = over or common_range(curves)
    point = float(np.mean([area(one, over) - area(other, over) for one, other in pairs]))

    documents = _documents(curves)
    if documents < 2:
        return t_difference([area(one, over) - area(other, over) for one, other in pairs], level)
    rng = np.random.default_rng(seed)
    drawn = _draws(rng, documents, resamples)
    by_seed = np.stack(
        [_areas(one, over, drawn) - _areas(other, over, drawn) for one, other in pairs], axis=1
    )
    values = (by_seed * _draws(rng, len(pairs), resamples) / len(pairs)).sum(axis=1)  # [resamples]
    resampled = ("seeds", "documents") if len(pairs) > 1 else ("documents",)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    tail = 1 + min((values <= 0).sum(), (values >= 0).sum())
    return Difference(
        point, float(low), float(high), min(1.0, float(2 * tail / (resamples + 1))), resampled
    )


def t_difference(
    by_seed: Sequence[float], level: float = 0.95, bounds: Bounds | None = SIGNED
) -> Difference:
    """Mean of differences by seed, with its t interval and the p value of the paired t test.

    One seed has neither interval nor p value.

    Args:
        by_seed: a difference for each seed.
        level: of the interval (``intervals.t_interval``).
        bounds: of a difference; by default those of a difference of two shares.

    >>> t_difference([0.01, 0.02, 0.03]).point
    0.02
    """
    from scipy.stats import ttest_1samp

    values = [float(value) for value in by_seed]
    point = float(np.mean(values))
    interval = t_interval(values, bounds, level)
    if interval is None:
        return Difference(point, None, None, None, ())
    if np.ptp(values) < 1e-9:  # rounding aside they are the same: t would be 0 / 0, or infinite
        return Difference(point, *interval, float(abs(point) < 1e-9), ("seeds",))
    return Difference(point, *interval, float(ttest_1samp(values, 0).pvalue), ("seeds",))


def _documents(curves: Sequence[Curve]) -> int:
    """How many documents can be resampled: 0 where a curve has no counts."""
    known = [curve.counts for curve in curves if curve.counts is not None]
    if any(not np.array_equal(counts[0, :, 2], known[0][0, :, 2]) for counts in known):
        raise ValueError(
            "the documents' gold spans differ: these curves were not judged on the same test set"
        )
    return known[0].shape[1] if len(known) == len(curves) else 0


def _draws(rng: np.random.Generator, number: int, resamples: int) -> Floats:
    """How often each of ``number`` things is drawn, with as many draws with replacement.

    Returns:
        [resamples, number].
    """
    return rng.multinomial(number, np.full(number, 1 / number), resamples).astype(float)


def _areas(curve: Curve, over: Range, drawn: Floats) -> Floats:
    """[resamples]: the area for each draw of documents."""
    assert curve.counts is not None
    sums = np.tensordot(drawn, curve.counts.astype(float), axes=(1, 1))  # [resamples, points, 3]
    return f1_of_sums(sums) @ _weights(curve, over)


def share_to_reach(
    curve: Curve, full_f1: float, full_budget: float, share: float = 0.95
) -> float | None:
    """Share of the full budget at which a curve first reaches a share of the full F1.

    Args:
        curve: interpolated linearly between its points.
        full_f1: F1 with full supervision.
        full_budget: the budget of full supervision.
        share: of ``full_f1``.

    Returns:
        The share; None if the curve never gets there. A curve that begins above the target returns
        its first budget, which is then an upper bound.
    """
    target = share * full_f1
    reached = np.flatnonzero(curve.f1 >= target)
    if not len(reached):
        return None
    at = reached[0]
    if at == 0:
        return float(curve.budget[0] / full_budget)
    return float(
        np.interp(target, curve.f1[at - 1 : at + 1], curve.budget[at - 1 : at + 1]) / full_budget
    )


@dataclass(frozen=True, slots=True)
class Flip:
    """Two methods of which one is ahead in one unit and the other in another.

    Attributes:
        a, b: their names.
        by_unit: area under a minus area under b, by unit.
    """

    a: str
    b: str
    by_unit: Mapping[str, Difference]

    @property
    def clear(self) -> bool:
        """Does an interval lie wholly above 0 in one unit, and wholly below in another?"""
        above = any(d.low is not None and d.low > 0 for d in self.by_unit.values())
        return above and any(d.high is not None and d.high < 0 for d in self.by_unit.values())


def flips(
    curves: Mapping[str, Mapping[str, Mapping[int, Curve]]], *, resamples: int = 2000, seed: int = 0
) -> list[Flip]:
    """Find the pairs of methods whose order by area depends on the unit of the budget.

    Args:
        curves: {unit: {method: {seed: curve}}}, with the same methods in every unit. Within a unit,
            all curves are cut to the range that all cover.
        resamples, seed: of the bootstrap.
    """
    ranges = {
        unit: common_range(c for by_seed in methods.values() for c in by_seed.values())
        for unit, methods in curves.items()
    }
    names = list(next(iter(curves.values()), {}))
    found = []
    for a, b in combinations(names, 2):
        by_unit = {
            unit: area_difference(
                methods[a], methods[b], ranges[unit], resamples=resamples, seed=seed
            )
            for unit, methods in curves.items()
        }
        points = [d.point for d in by_unit.values()]
        if min(points) < 0 < max(points):
            found.append(Flip(a, b, by_unit))
    return found
