"""What a round buys: by which strategy, how much, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sciner.policy.acquisition.base import Need, Strategy
from sciner.policy.acquisition.plain import Nothing
from sciner.policy.seed import Amount
from sciner.text.corpus import Sentence

Unit = Literal["sentences", "tokens", "entities"]
BudgetUnit = Literal["sentences", "tokens", "entities", "minutes"]


@dataclass(frozen=True, slots=True)
class Acquire:
    """strategy: which sentences. batch: what a round buys, in ``unit``: a number, or a share of the
    seed set and pool together. budget: the run ends when so much of ``budget_unit`` is spent, seed
    set and dev included."""

    strategy: Strategy = field(default_factory=Nothing)
    batch: Amount = field(default_factory=lambda: Amount(30))
    unit: Unit = "sentences"
    budget: float | None = None
    budget_unit: BudgetUnit = "sentences"

    @property
    def needs(self) -> frozenset[Need]:
        """What the strategy has to be given."""
        return self.strategy.needs

    @property
    def buys(self) -> bool:
        """Is anything bought after the seed set?"""
        return self.strategy.buys

    def size(self, sentences: Sequence[Sentence]) -> float:
        """A batch in ``unit``; shares are of ``sentences``."""
        if not self.batch.percent:
            return self.batch.value
        total = (
            len(sentences) if self.unit == "sentences" else sum(len(s.tokens) for s in sentences)
        )
        return float(self.batch.of(total))


def take(
    ordered: Iterator[Sentence], size: float, unit: Unit, label: Callable[[Sentence], Sentence]
) -> tuple[tuple[Sentence, ...], float]:
    """(what the annotator labelled, its amount in ``unit``): sentences in their order until
    ``size`` is spent or none is left.

    The last may cost more than is left; with entities nobody knows a sentence's price before it
    is labelled.
    """
    bought: list[Sentence] = []
    spent = 0.0
    while spent < size and (sentence := next(ordered, None)) is not None:
        bought.append(label(sentence))
        spent += price(bought[-1], unit)
    return tuple(bought), spent


def price(labelled: Sentence, unit: Unit) -> int:
    """Of one sentence, in ``unit``."""
    match unit:
        case "sentences":
            return 1
        case "tokens":
            return len(labelled.tokens)
        case "entities":
            return len(labelled.spans or ())
