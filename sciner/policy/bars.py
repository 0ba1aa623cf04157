"""Bars on confidence: the same for all labels, a class each, or where the surest so many are above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sciner.text.spans import Span

Bars = Callable[[str], float]  # the class of a token's label ("" is O) to the least confidence that is accepted
NOTHING = 2.0  # out of every probability's reach


def constant(bar: float) -> Bars:
    return lambda label: bar


def by_class(classes: Mapping[str, float], otherwise: float) -> Bars:
    return lambda label: classes.get(label, otherwise)


def surest_bar(confidences: Sequence[float], share: float) -> float:
    """The bar that the surest ``share`` in [0, 1] of ``confidences`` reach, rounded half up; what ties with the last of them
    reaches it too."""
    return nth_bar(confidences, int(share * len(confidences) + 0.5))


def nth_bar(confidences: Sequence[float], count: int) -> float:
    """The bar that the ``count`` highest reach."""
    if count <= 0 or not confidences:
        return NOTHING
    return sorted(confidences, reverse=True)[min(count, len(confidences)) - 1]


def quota_bars(spans: Sequence[tuple[Span, float]], quota: int, gold_shares: Mapping[str, float]) -> dict[str, float]:
    """A bar a class such that about ``quota`` spans are above, distributed as the classes are in the gold: a class the tagger
    overuses gets a higher bar (class-balanced self-training: Zou et al. 2018, section 4.1). Classes the gold lacks get none in.
    """
    confidences: dict[str, list[float]] = {}
    for span, confidence in spans:
        confidences.setdefault(span.label, []).append(confidence)
    return {label: nth_bar(found, int(quota * gold_shares.get(label, 0.0) + 0.5)) for label, found in confidences.items()}
