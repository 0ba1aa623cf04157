"""Thresholds on confidence: the same for all labels, one a class, or where the surest so many are
above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sciner.text.spans import Span

# the class of a token's label ("" is O) to the least confidence that is accepted
Thresholds = Callable[[str], float]
UNREACHABLE = 2.0  # above every confidence


def constant(threshold: float) -> Thresholds:
    """The same for every class."""
    return lambda label: threshold


def by_class(classes: Mapping[str, float], otherwise: float) -> Thresholds:
    """That of ``classes``, or ``otherwise`` for those that it does not name."""
    return lambda label: classes.get(label, otherwise)


def threshold_of_share(confidences: Sequence[float], share: float) -> float:
    """What the surest ``share`` in [0, 1] of ``confidences`` reach, rounded half up; what ties with
    the last of them reaches it too."""
    return threshold_of_count(confidences, int(share * len(confidences) + 0.5))


def threshold_of_count(confidences: Sequence[float], count: int) -> float:
    """What the ``count`` highest reach."""
    if count <= 0 or not confidences:
        return UNREACHABLE
    return sorted(confidences, reverse=True)[min(count, len(confidences)) - 1]


def thresholds_of_quota(
    spans: Sequence[tuple[Span, float]], quota: int, gold_shares: Mapping[str, float]
) -> dict[str, float]:
    """A threshold a class such that about ``quota`` spans reach theirs, distributed as the classes
    are in the gold.

    A class that the tagger overuses gets a higher one (class-balanced self-training: Zou et al.
    2018, section 4.1). Of classes that the gold lacks no span is accepted.
    """
    found: dict[str, list[float]] = {}
    for span, confidence in spans:
        found.setdefault(span.label, []).append(confidence)
    counts = {label: int(quota * gold_shares.get(label, 0.0) + 0.5) for label in found}
    return {label: threshold_of_count(found[label], counts[label]) for label in found}
