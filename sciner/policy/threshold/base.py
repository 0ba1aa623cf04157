"""What a rule is, and the rules by name: each says where the threshold lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar, dataclass_transform

from sciner.policy.registry import Registry
from sciner.policy.threshold.values import Thresholds
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span

Granularity = Literal["sentence", "span", "token"]
Empty = Literal["keep", "drop", "match_seed_rate"]
R = TypeVar("R", bound="type[Rule]")
Judged = Callable[[], Iterable[tuple[Prediction, tuple[Span, ...]]]]


def nothing_judged() -> Iterable[tuple[Prediction, tuple[Span, ...]]]:
    """No predictions that gold is known of."""
    return ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The silver as a rule may look at it: how sure the tagger is of all that is judged.

    read: the predictions, anew at every call; ``confidence`` of each holds what the measure says
    of its tokens. granularity, how: what is judged, and how its tokens are aggregated. round:
    the round this annotation belongs to, from 1. gold_shares: share of each class among the
    bought gold's spans. judged: for a rule that ``needs_judged``, out-of-fold predictions for the
    seed set, measured as ``read``'s, each beside its gold.
    """

    read: Callable[[], Iterable[Prediction]]
    granularity: Granularity
    how: Aggregate
    round: int
    gold_shares: Mapping[str, float]
    judged: Judged = nothing_judged

    def units(self) -> list[float]:
        """How sure the tagger is of each sentence, span or token, whichever is judged."""
        match self.granularity:
            case "sentence":
                return [p.sentence_confidence(self.how) for p in self.read()]
            case "span":
                return [c for p in self.read() for c in p.span_confidences(self.how)]
            case "token":
                return [c for p in self.read() for c in p.confidence.tolist()]

    def spans(self) -> list[tuple[Span, float]]:
        """Every span with how sure the tagger is of it."""
        return [
            pair
            for p in self.read()
            for pair in zip(p.spans, p.span_confidences(self.how), strict=True)
        ]


class Rule:
    """Where the threshold lies. The fields of a subclass are its settings, those of
    ``conf/threshold/KIND.yaml``; the keys of a field that is a mapping are classes of the corpus.
    """

    kind: ClassVar[str]  # these four are given to ``threshold``
    needs_silver: ClassVar[bool]
    needs_judged: ClassVar[bool]
    granularities: ClassVar[tuple[Granularity, ...]]

    def thresholds(self, silver: Measured) -> Thresholds:
        """The least confidence that is accepted, by the class of a token's label ("" is O).

        ``silver`` is only looked at where it matters, and of it no more than numbers are held.
        """
        raise NotImplementedError


RULES: Registry[type[Rule]] = Registry("threshold")


@dataclass_transform(frozen_default=True)
def threshold(
    kind: str,
    *,
    needs_silver: bool = True,
    needs_judged: bool = False,
    granularities: tuple[Granularity, ...] = ("sentence", "span", "token"),
) -> Callable[[R], R]:
    """Register a subclass of ``Rule`` as ``threshold.kind=kind``, and make it a frozen dataclass.

    needs_silver: False where nothing is ever accepted, so that the pool need not be annotated for
    it. needs_judged: it looks at ``Measured.judged``. granularities: those that the rule has a
    meaning for.
    """

    def register(rule: R) -> R:
        rule.kind, rule.granularities = kind, granularities
        rule.needs_silver, rule.needs_judged = needs_silver, needs_judged
        made: R = dataclass(frozen=True)(rule)  # type: ignore[assignment]
        RULES.add(kind, made)
        return made

    return register
