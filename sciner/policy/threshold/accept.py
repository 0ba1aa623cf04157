"""Accept sentences, spans or tokens that the tagger is confident of."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sciner.policy.measure.base import DEFAULT, measured
from sciner.policy.threshold.base import (
    Empty,
    Granularity,
    Judged,
    Measured,
    Rule,
    nothing_judged,
)
from sciner.policy.threshold.constant import AcceptAll
from sciner.policy.threshold.values import Thresholds
from sciner.text.corpus import UNMASKED, Example
from sciner.text.prediction import Aggregate, Floats, Prediction, aggregate

Least = npt.NDArray[np.float32]  # [tokens]: the least confidence that is accepted


@dataclass(frozen=True, slots=True)
class Threshold:
    """Which silver is accepted.

    Attributes:
        rule: where the threshold lies.
        granularity: what is compared with it, and lost below it. sentence: the whole sentence, if
            any of its tokens is below. span: the span, which is masked; O outside spans stays.
            token: each token, O included.
        confidence: how the confidence of a span or sentence is aggregated from its tokens', min or
            mean.
        empty: what happens to sentences without an accepted span: they are kept, dropped, or kept
            (most confident first) up to their share in the gold, because self-training on mainly
            confident empty sentences can unlearn the entities.
        measure: the measure of confidence (``policy.measure``).

    Raises:
        ValueError: the rule has no meaning for this granularity.
    """

    rule: Rule = field(default_factory=AcceptAll)
    granularity: Granularity = "span"
    confidence: Aggregate = "min"
    empty: Empty = "keep"
    measure: str = DEFAULT

    def __post_init__(self) -> None:
        if self.granularity not in self.rule.granularities:
            known = " or ".join(self.rule.granularities)
            raise ValueError(
                f"granularity={self.granularity} cannot be used with threshold={self.rule.kind}: "
                f"give {known}"
            )

    @property
    def needs_silver(self) -> bool:
        """Whether any silver can be accepted."""
        return self.rule.needs_silver

    @property
    def needs_judged(self) -> bool:
        """Whether it needs out-of-fold predictions for the seed set."""
        return self.rule.needs_judged

    def identity(self) -> dict[str, Any]:
        """Its kind and settings, for keys.

        A field that was added later is left out at its default, so that earlier keys stay.
        """
        shared = {
            "granularity": self.granularity,
            "confidence": self.confidence,
            "empty": self.empty,
        }
        later = {"measure": self.measure} if self.measure != DEFAULT else {}
        return {"kind": self.rule.kind, **vars(self.rule), **shared, **later}

    def measured(self, p: Prediction) -> Prediction:
        """The same prediction, with the measure's confidence of each token."""
        return measured(p, self.measure)


def masked_sentence(p: Prediction, least: Least, how: Aggregate) -> frozenset[int] | None:
    """All or nothing: None rejects the sentence.

    With the mean over all tokens, an accepted sentence may contain an uncertain token.
    """
    return frozenset() if _reaches(p.confidence, least, how) else None


def masked_span(p: Prediction, least: Least, how: Aggregate) -> frozenset[int]:
    """The tokens of the spans below their threshold."""
    return frozenset(
        i
        for s in p.spans
        if not _reaches(p.confidence[s.start : s.end], least[s.start : s.end], how)
        for i in range(s.start, s.end)
    )


def masked_token(p: Prediction, least: Least, how: Aggregate) -> frozenset[int]:
    """The tokens below their threshold."""
    return frozenset(np.flatnonzero(p.confidence < least).tolist())


def _reaches(confidence: Floats, least: Least, how: Aggregate) -> bool:
    if how == "min" or len(least) == 0:
        return bool((confidence >= least).all())
    # the same rounding as where a threshold is computed: what gave a threshold has to reach it
    return bool(aggregate(confidence, how) >= least.mean(dtype=np.float64))


# masked positions of a prediction, or None where the sentence is refused
MASKED: dict[Granularity, Callable[[Prediction, Least, Aggregate], frozenset[int] | None]] = {
    "sentence": masked_sentence,
    "span": masked_span,
    "token": masked_token,
}


def thresholds_of(
    silver: Callable[[], Iterable[Prediction]],
    threshold: Threshold,
    *,
    round: int,
    gold_shares: Mapping[str, float] | None = None,
    judged: Judged = nothing_judged,
) -> Thresholds:
    """Compute the values of a threshold for silver; ``accept`` explains the arguments."""
    looked_at = Measured(
        lambda: map(threshold.measured, silver()),
        threshold.granularity,
        threshold.confidence,
        round,
        gold_shares or {},
        lambda: ((threshold.measured(p), gold) for p, gold in judged()),
    )
    return threshold.rule.thresholds(looked_at)


def accept(
    silver: Callable[[], Iterable[Prediction]],
    threshold: Threshold,
    *,
    gold_empty_rate: float,
    round: int,
    gold_shares: Mapping[str, float] | None = None,
    weight: float = 1.0,
    judged: Judged = nothing_judged,
) -> list[Example]:
    """Accept silver by a threshold, in its order.

    A sentence whose tokens are all masked is never accepted. The confidences of the examples are
    probabilities, whatever the threshold measured.

    Args:
        silver: all predictions, anew at every call; it is called at most twice.
        threshold: the threshold.
        gold_empty_rate: share in [0, 1] of the bought gold sentences without a span (for
            ``match_seed_rate``).
        round: of this annotation, from 1.
        gold_shares: share of each class among the bought gold's spans (for ``quota``).
        weight: of the examples in the loss.
        judged: out-of-fold predictions for the seed set, each with its gold, if the threshold
            ``needs_judged``.
    """
    if not threshold.needs_silver:
        return []
    how = threshold.confidence
    thresholds = thresholds_of(
        silver, threshold, round=round, gold_shares=gold_shares, judged=judged
    )
    taken: list[Example] = []
    sure = array("d")  # of each
    for p in silver():
        told = threshold.measured(p)
        masked = MASKED[threshold.granularity](told, least_of(told, thresholds), how)
        if masked is None or len(masked) == len(p.sentence.tokens):
            continue
        confidences = p.span_confidences(how)
        taken.append(
            Example(p.sentence, p.spans, "silver", round, confidences, masked or UNMASKED, weight)
        )
        sure.append(told.sentence_confidence(how))
    empty = [i for i, example in enumerate(taken) if not example.accepted()]
    allowed = allowed_empty(threshold.empty, len(taken) - len(empty), len(empty), gold_empty_rate)
    if allowed == len(empty):
        return taken
    kept = surest([(taken[i].sentence.id, sure[i]) for i in empty], allowed)
    return [example for example in taken if example.accepted() or example.sentence.id in kept]


def least_of(p: Prediction, thresholds: Thresholds) -> Least:
    """Each token's threshold: that of its label's class.

    It is rounded as confidences are, so that a threshold of 0.9 accepts 9 votes of 10.
    """
    least = np.full(len(p.confidence), thresholds(""), dtype=np.float32)
    for span in p.spans:
        least[span.start : span.end] = thresholds(span.label)
    return least


def allowed_empty(rule: Empty, filled: int, empty: int, rate: float) -> int:
    """How many empty sentences may be accepted beside ``filled`` others."""
    if rule == "keep" or (rule == "match_seed_rate" and rate >= 1):
        return empty
    if rule == "drop":
        return 0
    return min(empty, round(filled * rate / (1 - rate)))


def surest(candidates: Sequence[tuple[str, float]], count: int) -> set[str]:
    """The ids of the ``count`` highest confidences; ties are ordered by id."""
    ranked = sorted(candidates, key=lambda c: (-c[1], c[0]))
    return {identity for identity, _ in ranked[:count]}
