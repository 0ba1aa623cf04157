"""What a round buys: by which strategy, how much, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sciner.policy.acquisition.base import Need, Strategy
from sciner.policy.acquisition.baselines import Nothing
from sciner.policy.seed import Amount
from sciner.text.corpus import Sentence

Unit = Literal["sentences", "tokens", "entities"]
BudgetUnit = Literal["sentences", "tokens", "entities", "minutes", "money"]


@dataclass(frozen=True, slots=True)
class Acquire:
    """The acquisition of a run.

    Attributes:
        strategy: which sentences are bought.
        batch: what a round buys, in ``unit``: a number, or a share of seed set and pool together.
        unit: of ``batch``.
        budget: the run ends when this much of ``budget_unit`` is spent, seed set and dev included.
        budget_unit: of ``budget``.
    """

    strategy: Strategy = field(default_factory=Nothing)
    batch: Amount = field(default_factory=lambda: Amount(30))
    unit: Unit = "sentences"
    budget: float | None = None
    budget_unit: BudgetUnit = "sentences"

    @property
    def needs(self) -> frozenset[Need]:
        """What the strategy looks at."""
        return self.strategy.needs

    @property
    def buys(self) -> bool:
        """Whether anything is bought after the seed set."""
        return self.strategy.buys

    def size(self, sentences: Sequence[Sentence]) -> float:
        """The size of a batch in ``unit``; a share is of ``sentences``."""
        if not self.batch.percent:
            return self.batch.value
        total = (
            len(sentences) if self.unit == "sentences" else sum(len(s.tokens) for s in sentences)
        )
        return float(self.batch.of(total))


def take(
    ordered: Iterator[Sentence], size: float, unit: Unit, label: Callable[[Sentence], Sentence]
) -> tuple[tuple[Sentence, ...], float]:
    """Have sentences labelled in their order until ``size`` is spent or none is left.

    Args:
        ordered: the sentences, best first.
        size: what may be spent, in ``unit``. The last sentence may cost more than is left: with
            entities, its price is known only after it is labelled.
        unit: of ``size``.
        label: asks the annotator.

    Returns:
        (labelled sentences, what they cost in ``unit``).
    """
    bought: list[Sentence] = []
    spent = 0.0
    while spent < size and (sentence := next(ordered, None)) is not None:
        bought.append(label(sentence))
        spent += price(bought[-1], unit)
    return tuple(bought), spent


def price(labelled: Sentence, unit: Unit) -> int:
    """The price of one sentence, in ``unit``."""
    match unit:
        case "sentences":
            return 1
        case "tokens":
            return len(labelled.tokens)
        case "entities":
            return len(labelled.spans or ())
