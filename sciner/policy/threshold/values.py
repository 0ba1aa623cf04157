"""Thresholds as numbers: constant, by class, or by how many are above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sciner.text.spans import Span

# the class of a token's label ("" is O) to the least confidence that is accepted
Thresholds = Callable[[str], float]
UNREACHABLE = 2.0  # above every confidence


def constant(threshold: float) -> Thresholds:
    """The same threshold for every class."""
    return lambda label: threshold


def by_class(classes: Mapping[str, float], otherwise: float) -> Thresholds:
    """The thresholds of ``classes``, and ``otherwise`` for all others."""
    return lambda label: classes.get(label, otherwise)


def threshold_of_share(confidences: Sequence[float], share: float) -> float:
    """The confidence that the highest ``share`` in [0, 1] of ``confidences`` reach.

    The number is rounded half up; confidences that tie with the last of them reach it too.
    """
    return threshold_of_count(confidences, int(share * len(confidences) + 0.5))


def threshold_of_count(confidences: Sequence[float], count: int) -> float:
    """The confidence that the ``count`` highest reach."""
    if count <= 0 or not confidences:
        return UNREACHABLE
    return sorted(confidences, reverse=True)[min(count, len(confidences)) - 1]


def thresholds_of_quota(
    spans: Sequence[tuple[Span, float]], quota: int, gold_shares: Mapping[str, float]
) -> dict[str, float]:
    """One threshold for each class, so that about ``quota`` spans reach theirs in the gold's mix.

    A class that the tagger predicts too often gets a higher threshold (class-balanced
    self-training: Zou et al. 2018, section 4.1). Spans of classes that the gold lacks are not
    accepted.
    """
    found: dict[str, list[float]] = {}
    for span, confidence in spans:
        found.setdefault(span.label, []).append(confidence)
    counts = {label: int(quota * gold_shares.get(label, 0.0) + 0.5) for label in found}
    return {label: threshold_of_count(found[label], counts[label]) for label in found}
