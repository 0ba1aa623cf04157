"""The interface of threshold rules, and the rules by name."""

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
    """No out-of-fold predictions."""
    return ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The silver as a rule sees it.

    Attributes:
        read: the predictions, anew at every call, with the measure's ``confidence`` of each token.
        granularity, how: what is compared with the threshold, and how its tokens are aggregated.
        round: of this annotation, from 1.
        gold_shares: share of each class among the bought gold's spans.
        judged: for a rule that ``needs_judged``, out-of-fold predictions for the seed set, measured
            in the same way, each with its gold.
    """

    read: Callable[[], Iterable[Prediction]]
    granularity: Granularity
    how: Aggregate
    round: int
    gold_shares: Mapping[str, float]
    judged: Judged = nothing_judged

    def units(self) -> list[float]:
        """The confidence of each sentence, span or token, by granularity."""
        match self.granularity:
            case "sentence":
                return [p.sentence_confidence(self.how) for p in self.read()]
            case "span":
                return [c for p in self.read() for c in p.span_confidences(self.how)]
            case "token":
                return [c for p in self.read() for c in p.confidence.tolist()]

    def spans(self) -> list[tuple[Span, float]]:
        """Every span with its confidence."""
        return [
            pair
            for p in self.read()
            for pair in zip(p.spans, p.span_confidences(self.how), strict=True)
        ]


class Rule:
    """Where the threshold lies.

    The fields of a subclass are its settings, those of ``conf/threshold/KIND.yaml``. The keys of a
    mapping are classes of the corpus.
    """

    kind: ClassVar[str]  # these four are given to ``threshold``
    needs_silver: ClassVar[bool]
    needs_judged: ClassVar[bool]
    granularities: ClassVar[tuple[Granularity, ...]]

    def thresholds(self, silver: Measured) -> Thresholds:
        """The least accepted confidence by the class of a token's label ("" is O).

        ``silver`` is read only if the rule depends on it, and only numbers are held in memory.
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
    """Register a subclass of ``Rule`` as ``threshold.kind=kind``, as a frozen dataclass.

    Args:
        kind: its name.
        needs_silver: False if nothing is ever accepted; the pool is then not annotated for it.
        needs_judged: it uses ``Measured.judged``.
        granularities: those that the rule has a meaning for.
    """

    def register(rule: R) -> R:
        rule.kind, rule.granularities = kind, granularities
        rule.needs_silver, rule.needs_judged = needs_silver, needs_judged
        made: R = dataclass(frozen=True)(rule)  # type: ignore[assignment]
        RULES.add(kind, made)
        return made

    return register
