"""Which silver is accepted into training: a bar on confidence, applied to sentences, spans or tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sciner.policy.bars import Bars, by_class, constant, quota_bars, surest_bar
from sciner.text.corpus import NOTHING, Example
from sciner.text.prediction import Aggregate, Prediction

Kind = Literal["none", "reject", "fixed", "quantile", "per_class", "curriculum"]
Granularity = Literal["sentence", "span", "token"]
Empty = Literal["keep", "drop", "match_seed_rate"]
Margins = npt.NDArray[np.float64]  # [tokens]: confidence minus bar


@dataclass(frozen=True, slots=True)
class Threshold:
    """kind: where the bar is. none: at 0 (the paper). reject: out of reach. fixed: ``min_confidence``.
    quantile: where the surest ``share`` of the silver is above it. per_class: ``classes``, or for those it does not name
    ``min_confidence``; with ``quota`` instead, where about that many spans are above it, in the gold's mix of classes.
    curriculum: ``schedule``, a round each (the last goes on), as a bar or, with ``schedule_of=share``, as a quantile.

    granularity: what is judged, and lost when it is under the bar. sentence: the whole sentence, if any of its tokens is
    under. span: the span, masked out of the loss; O outside spans stays. token: each token by itself, O included.
    confidence: a span's or sentence's is the min or mean of its tokens'. empty: what becomes of sentences left without a
    span: kept, dropped, or kept (surest first) up to their share in the gold, because self-training on mainly confident
    empty sentences can unlearn the entities.
    """

    kind: Kind = "none"
    granularity: Granularity = "span"
    confidence: Aggregate = "min"
    min_confidence: float = 0.0
    empty: Empty = "keep"
    share: float = 1.0
    classes: Mapping[str, float] = field(default_factory=dict)
    quota: int | None = None
    schedule: tuple[float, ...] = ()
    schedule_of: Literal["confidence", "share"] = "confidence"

    def identity(self) -> dict[str, Any]:
        """What it means, as JSON's types: its kind, and the settings that this kind uses. A
        setting that is added later changes no key of a kind that does not use it."""
        names = ["kind", "granularity", "confidence", "empty"]
        match self.kind:
            case "none" | "reject":
                pass
            case "fixed":
                names += ["min_confidence"]
            case "quantile":
                names += ["share"]
            case "per_class" if self.quota is not None:
                names += ["quota", "min_confidence"]
            case "per_class":
                names += ["classes", "min_confidence"]
            case "curriculum":
                names += ["schedule", "schedule_of"]
        return {name: getattr(self, name) for name in names}

    def bars(self, silver: Iterable[Prediction], round: int, gold_shares: Mapping[str, float]) -> Bars:
        """The least confidence that is accepted, by the class of a token's label ("" is O). ``silver`` is only looked at where
        the bar depends on it, and of it no more than the confidences are held."""
        match self.kind:
            case "none":
                return constant(0.0)
            case "reject":
                return constant(2.0)
            case "fixed":
                return constant(self.min_confidence)
            case "quantile":
                return constant(surest_bar(self.units(silver), self.share))
            case "per_class" if self.quota is not None:
                spans = [pair for p in silver for pair in zip(p.spans, p.span_confidences(self.confidence), strict=True)]
                return by_class(quota_bars(spans, self.quota, gold_shares), self.min_confidence)
            case "per_class":
                return by_class(self.classes, self.min_confidence)
            case "curriculum":
                value = self.schedule[min(round, len(self.schedule)) - 1]
                return constant(value if self.schedule_of == "confidence" else surest_bar(self.units(silver), value))

    def units(self, silver: Iterable[Prediction]) -> list[float]:
        """The confidences of all that is judged: sentences, spans or tokens."""
        match self.granularity:
            case "sentence":
                return [p.sentence_confidence(self.confidence) for p in silver]
            case "span":
                return [c for p in silver for c in p.span_confidences(self.confidence)]
            case "token":
                return [c for p in silver for c in p.confidence.tolist()]


def masked_sentence(p: Prediction, margins: Margins, how: Aggregate) -> frozenset[int] | None:
    """All or nothing. The mean, where asked for, is over all tokens: then a sentence may keep a doubtful one."""
    return frozenset() if _reaches(margins, how) else None


def masked_span(p: Prediction, margins: Margins, how: Aggregate) -> frozenset[int]:
    return frozenset(i for s in p.spans if not _reaches(margins[s.start : s.end], how) for i in range(s.start, s.end))


def masked_token(p: Prediction, margins: Margins, how: Aggregate) -> frozenset[int]:
    return frozenset(np.flatnonzero(margins < 0).tolist())


def _reaches(margins: Margins, how: Aggregate) -> bool:
    return len(margins) == 0 or bool((margins.min() if how == "min" else margins.mean()) >= 0)


# masked positions of a prediction, or None where the sentence is refused
MASKED: dict[Granularity, Callable[[Prediction, Margins, Aggregate], frozenset[int] | None]] = {
    "sentence": masked_sentence,
    "span": masked_span,
    "token": masked_token,
}


def accept(
    silver: Callable[[], Iterable[Prediction]],
    threshold: Threshold,
    *,
    gold_empty_rate: float,
    round: int,
    gold_shares: Mapping[str, float] | None = None,
    weight: float = 1.0,
) -> list[Example]:
    """The silver that ``threshold`` lets into training, in its order.

    silver: gives all of it anew at every call; it is gone through at most twice, for the bars and to be accepted.
    gold_empty_rate: share in [0, 1] of the bought gold sentences that hold no span (for ``match_seed_rate``).
    gold_shares: of each class among the bought gold's spans (for ``quota``). round: the round this annotation pass belongs
    to. weight: the examples' weight in the loss. Sentences of which the loss would see nothing are never accepted.
    """
    if threshold.kind == "reject":
        return []
    bars = threshold.bars(silver(), round, gold_shares or {})
    taken: list[tuple[Example, float]] = []
    for p in silver():
        masked = MASKED[threshold.granularity](p, margins_of(p, bars), threshold.confidence)
        if masked is None or len(masked) == len(p.sentence.tokens):
            continue
        confidences = p.span_confidences(threshold.confidence)
        example = Example(p.sentence, p.spans, "silver", round, confidences, masked or NOTHING, weight)
        taken.append((example, p.sentence_confidence(threshold.confidence)))
    empty = [(example.sentence.id, sure) for example, sure in taken if not example.accepted()]
    kept = surest(empty, allowed_empty(threshold.empty, len(taken) - len(empty), len(empty), gold_empty_rate))
    return [example for example, _ in taken if example.accepted() or example.sentence.id in kept]


def margins_of(p: Prediction, bars: Bars) -> Margins:
    """How far each token's confidence is above the bar of its label's class."""
    bar = np.full(len(p.confidence), bars(""))
    for span in p.spans:
        bar[span.start : span.end] = bars(span.label)
    return np.asarray(p.confidence - bar, dtype=np.float64)


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
