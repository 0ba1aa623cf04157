"""The threshold at which out-of-fold predictions reach a target precision."""

from __future__ import annotations

from collections.abc import Sequence

from sciner.policy.settings import Share
from sciner.policy.threshold.base import Measured, Rule, threshold
from sciner.policy.threshold.values import UNREACHABLE, Thresholds

ENOUGH = 20  # spans of a class, to judge it by itself


@threshold("precision", needs_judged=True, granularities=("span", "token"))
class Precision(Rule):
    """The least confidence at which out-of-fold predictions reach precision ``target``, by class.

    The predictions are for the seed set. Classes with fewer than 20 predicted spans share the
    threshold of all spans together. ``min_confidence`` is the threshold of O, which has no
    precision.
    """

    target: Share
    min_confidence: Share = 0.0

    def thresholds(self, silver: Measured) -> Thresholds:
        of: dict[str, list[tuple[float, bool]]] = {}
        for prediction, gold in silver.judged():
            sure = prediction.span_confidences(silver.how)
            for span, confidence in zip(prediction.spans, sure, strict=True):
                of.setdefault(span.label, []).append((confidence, span in gold))
        pooled = least_confidence([pair for pairs in of.values() for pair in pairs], self.target)
        own = {
            label: least_confidence(pairs, self.target)
            for label, pairs in of.items()
            if len(pairs) >= ENOUGH
        }
        return lambda label: self.min_confidence if label == "" else own.get(label, pooled)


def least_confidence(pairs: Sequence[tuple[float, bool]], target: float) -> float:
    """The least confidence from which on the share of right spans is at least ``target``.

    Args:
        pairs: (confidence, whether it is right) of each span.
        target: in [0, 1].

    Returns:
        The threshold; one above all confidences if the target is never reached.
    """
    ordered = sorted(pairs, reverse=True)
    right, least = 0, UNREACHABLE
    for count, (confidence, is_right) in enumerate(ordered, start=1):
        right += is_right
        last_of_its_confidence = count == len(ordered) or ordered[count][0] < confidence
        if last_of_its_confidence and right / count >= target:
            least = confidence
    return least
