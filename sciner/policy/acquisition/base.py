"""The interface of acquisition strategies, and the strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NoReturn, TypeVar, dataclass_transform

import numpy as np
import numpy.typing as npt

from sciner.policy.diversity import Order, Vectors
from sciner.policy.registry import Registry
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats, Prediction

Need = Literal["predictions", "history", "samples", "embeddings"]
Scores = npt.NDArray[np.float64]  # [candidates], higher is asked for first
S = TypeVar("S", bound="type[Strategy]")


def not_asked_for(*_: Any) -> NoReturn:
    """Stand in for what a strategy did not name in its needs.

    Raises:
        ValueError: always.
    """
    raise ValueError("a strategy looks at what its needs name, and at nothing else")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a strategy may look at: what its needs name, with one item for each candidate.

    Attributes:
        predictions: of the current tagger.
        history: predictions of each earlier round, for some or all of the candidates.
        samples: given a number of passes, [passes, tokens, tags] distributions of each candidate.
        embeddings: [candidates, dimensions].
        known: [n, dimensions], the embeddings of what was bought before; there with embeddings.
        counts: spans of each class in the bought gold, in the order of a distribution's classes;
            there with predictions.
        candidates: the sentences that can be bought. This and what follows needs no tagger.
        count: about how many of them will be bought.
        by_id: positions of the candidates in the order of their ids, for what depends on an order.
        tie_break: a random number for each candidate; the lowest comes first.
        seed: for what a strategy draws itself.
    """

    predictions: Callable[[], Iterator[Prediction]] = not_asked_for
    history: Sequence[Callable[[], Iterator[Prediction]]] = ()
    samples: Callable[[int], Iterator[Floats]] = not_asked_for
    embeddings: Callable[[], Vectors] = not_asked_for
    known: Callable[[], Vectors] = not_asked_for
    counts: Sequence[int] = ()
    candidates: Sequence[Sentence] = ()
    count: int = 0
    by_id: Order = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    tie_break: Order = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    seed: int = 0

    def scored(self, score: Callable[[Prediction], float]) -> Scores:
        """Apply ``score`` to the prediction of each candidate."""
        return np.array([score(p) for p in self.predictions()], dtype=np.float64)


class Strategy:
    """An order of the candidates.

    The fields of a subclass are its settings, those of ``conf/acquire/KIND.yaml``.
    """

    kind: ClassVar[str]  # these three are given to ``acquisition``
    needs: ClassVar[frozenset[Need]]
    buys: ClassVar[bool]

    def scores(self, evidence: Evidence) -> Scores:
        """Score the candidates; higher is bought first.

        It is not called without candidates. Equal scores are ordered by ``Evidence.tie_break``.

        Returns:
            [candidates].
        """
        raise NotImplementedError


STRATEGIES: Registry[type[Strategy]] = Registry("acquisition")


@dataclass_transform(frozen_default=True)
def acquisition(kind: str, *, needs: Collection[Need] = (), buys: bool = True) -> Callable[[S], S]:
    """Register a subclass of ``Strategy`` as ``acquire.kind=kind``, as a frozen dataclass.

    Args:
        kind: its name.
        needs: what of ``Evidence`` it looks at.
        buys: False for the strategy that buys nothing.
    """

    def register(strategy: S) -> S:
        strategy.kind, strategy.needs, strategy.buys = kind, frozenset(needs), buys
        made: S = dataclass(frozen=True)(strategy)  # type: ignore[assignment]
        STRATEGIES.add(kind, made)
        return made

    return register


def descending(order: Order) -> Scores:
    """Scores that put the positions into ``order``, best first."""
    scores = np.empty(len(order))
    scores[order] = -np.arange(len(order))
    return scores
