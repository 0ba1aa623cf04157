"""Which silver is accepted into training: a bar on confidence, applied to sentences, spans or tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sciner.text.corpus import Example
from sciner.text.prediction import Aggregate, Prediction

Kind = Literal["none", "reject", "fixed"]
Granularity = Literal["sentence", "span", "token"]
Empty = Literal["keep", "drop", "match_seed_rate"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """kind: none accepts all silver (the paper), reject nothing, fixed what is at least ``min_confidence`` sure.

    granularity: what is judged, and lost when it is under the bar. sentence: the whole sentence, if any of its tokens is
    under. span: the span, masked out of the loss; O outside spans stays. token: each token by itself, O included.
    confidence: a span's is the min or mean of its tokens'. empty: what becomes of sentences left without a span:
    kept, dropped, or kept (surest first) up to their share in the gold, because self-training on mainly confident empty
    sentences unlearns the entities.
    """

    kind: Kind = "none"
    granularity: Granularity = "span"
    confidence: Aggregate = "min"
    min_confidence: float = 0.0
    empty: Empty = "keep"

    def bar(self) -> float:
        """The least confidence that is accepted; above 1 accepts nothing."""
        return {"none": 0.0, "reject": 2.0, "fixed": self.min_confidence}[self.kind]


def masked_sentence(p: Prediction, bar: float, how: Aggregate) -> frozenset[int] | None:
    """All or nothing. The mean, where asked for, is over all tokens: then a sentence may keep a doubtful one."""
    return frozenset() if p.sentence_confidence(how) >= bar else None


def masked_span(p: Prediction, bar: float, how: Aggregate) -> frozenset[int]:
    doubtful = (s for s, c in zip(p.spans, p.span_confidences(how), strict=True) if c < bar)
    return frozenset(i for s in doubtful for i in range(s.start, s.end))


def masked_token(p: Prediction, bar: float, _: Aggregate) -> frozenset[int]:
    return frozenset(i for i, c in enumerate(p.confidence.tolist()) if c < bar)


# masked positions of a prediction, or None where the sentence is refused
MASKED: dict[Granularity, Callable[[Prediction, float, Aggregate], frozenset[int] | None]] = {
    "sentence": masked_sentence,
    "span": masked_span,
    "token": masked_token,
}


def accept(
    silver: Sequence[Prediction], threshold: Threshold, *, gold_empty_rate: float, round: int, weight: float = 1.0
) -> list[Example]:
    """The silver that ``threshold`` lets into training, in the order of ``silver``.

    gold_empty_rate: share in [0, 1] of the bought gold sentences that hold no span (for ``match_seed_rate``).
    round: the round this annotation pass belongs to. weight: the examples' weight in the loss.
    Sentences of which the loss would see nothing are never accepted.
    """
    if threshold.kind == "reject":
        return []
    bar = threshold.bar()
    taken: list[tuple[Example, float]] = []
    for p in silver:
        masked = MASKED[threshold.granularity](p, bar, threshold.confidence)
        if masked is None or len(masked) == len(p.sentence.tokens):
            continue
        confidences = p.span_confidences(threshold.confidence)
        example = Example(p.sentence, p.spans, "silver", round, confidences, masked, weight)
        taken.append((example, p.sentence_confidence(threshold.confidence)))
    empty = [(example.sentence.id, sure) for example, sure in taken if not example.accepted()]
    kept = surest(empty, allowed_empty(threshold.empty, len(taken) - len(empty), len(empty), gold_empty_rate))
    return [example for example, _ in taken if example.accepted() or example.sentence.id in kept]


def allowed_empty(rule: Empty, filled: int, empty: int, rate: float) -> int:
    """How many empty sentences may stand beside ``filled`` others."""
    if rule == "keep" or (rule == "match_seed_rate" and rate >= 1):
        return empty
    if rule == "drop":
        return 0
    return min(empty, round(filled * rate / (1 - rate)))


def surest(candidates: Sequence[tuple[str, float]], count: int) -> set[str]:
    """The ids of the ``count`` highest confidences; ties fall by id."""
    ranked = sorted(candidates, key=lambda c: (-c[1], c[0]))
    return {identity for identity, _ in ranked[:count]}
