"""A threshold with its values, to be applied outside the run that computed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sciner.policy.measure.base import DEFAULT, measured
from sciner.policy.threshold.accept import MASKED, Threshold, least_of, thresholds_of
from sciner.policy.threshold.base import Granularity, Judged, nothing_judged
from sciner.text.prediction import Aggregate, Prediction


@dataclass(frozen=True, slots=True)
class Resolved:
    """A threshold with its values.

    Attributes:
        values: the least accepted confidence of each class; "" is O.
        granularity, confidence, measure: see ``Threshold``.
    """

    values: Mapping[str, float]
    granularity: Granularity = "span"
    confidence: Aggregate = "min"
    measure: str = DEFAULT

    def masked(self, p: Prediction) -> frozenset[int]:
        """The tokens of ``p`` that are not accepted: all of a rejected sentence."""
        told = measured(p, self.measure)
        least = least_of(told, self.values.__getitem__)
        found = MASKED[self.granularity](told, least, self.confidence)
        return frozenset(range(len(p.sentence.tokens))) if found is None else found


def resolve(
    silver: Callable[[], Iterable[Prediction]],
    threshold: Threshold,
    labels: Sequence[str],
    *,
    round: int,
    gold_shares: Mapping[str, float],
    judged: Judged = nothing_judged,
) -> Resolved:
    """Compute the values of a threshold for silver, as ``accept`` does.

    Args:
        silver, threshold, round, gold_shares, judged: see ``accept``.
        labels: the classes.
    """
    found = thresholds_of(silver, threshold, round=round, gold_shares=gold_shares, judged=judged)
    return Resolved(
        {label: float(found(label)) for label in ("", *labels)},
        threshold.granularity,
        threshold.confidence,
        threshold.measure,
    )
