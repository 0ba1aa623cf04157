"""Which sentences of the pool the annotator labels next. Scores below (``uncertainty``, ``diversity``), one selection here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sciner.policy import uncertainty
from sciner.policy.diversity import Vectors, core_set, k_means
from sciner.policy.seed import Amount
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats, Prediction

Kind = Literal[
    "none", "random", "longest", "least_confidence", "mnlp", "margin", "token_entropy", "tag_count", "bald",
    "fluctuation", "round_robin", "k_means", "core_set",
]  # fmt: skip
Unit = Literal["sentences", "tokens", "entities"]
BudgetUnit = Literal["sentences", "tokens", "entities", "minutes"]
Need = Literal["predictions", "history", "samples", "embeddings"]
Order = npt.NDArray[np.int64]  # positions among the candidates, best first

PREDICTIONS: tuple[Kind, ...] = (
    "least_confidence", "mnlp", "margin", "token_entropy", "tag_count", "round_robin", "fluctuation",
)  # fmt: skip
NEEDS: Mapping[Kind, frozenset[Need]] = {
    **{kind: frozenset[Need]({"predictions"}) for kind in PREDICTIONS},
    "fluctuation": frozenset({"predictions", "history"}),
    "bald": frozenset({"samples"}),
    "k_means": frozenset({"embeddings"}),
    "core_set": frozenset({"embeddings"}),
}


@dataclass(frozen=True, slots=True)
class Acquire:
    """kind: the policy. batch: what a round buys, in ``unit``: a number, or a share of the seed set and pool together.
    budget: the run ends when so much of ``budget_unit`` is spent, seed set and dev included. passes: of ``bald``."""

    kind: Kind = "none"
    batch: Amount = field(default_factory=lambda: Amount(30))
    unit: Unit = "sentences"
    budget: float | None = None
    budget_unit: BudgetUnit = "sentences"
    passes: int = 10

    @property
    def needs(self) -> frozenset[Need]:
        """What the scorer has to give."""
        return NEEDS.get(self.kind, frozenset())

    def size(self, sentences: Sequence[Sentence]) -> float:
        """A batch in ``unit``; shares are of ``sentences``."""
        if not self.batch.percent:
            return self.batch.value
        total = len(sentences) if self.unit == "sentences" else sum(len(s.tokens) for s in sentences)
        return float(self.batch.of(total))


class Evidence(NamedTuple):
    """What a policy may look at; each is there where ``Acquire.needs`` names it, a row or an item a candidate, in their order.

    predictions: of the tagger as it is. history: of each earlier round, of some of the candidates or all. samples:
    [passes, tokens, tags] distributions. embeddings: [candidates, dimensions], and those of what was bought before.
    counts: spans of each class in the bought gold, in the order of a distribution's classes.
    """

    predictions: Callable[[], Iterator[Prediction]] | None = None
    history: Sequence[Callable[[], Iterator[Prediction]]] = ()
    samples: Callable[[], Iterator[Floats]] | None = None
    embeddings: Vectors | None = None
    known: Vectors | None = None
    counts: Sequence[int] = ()


def rank(acquire: Acquire, candidates: Sequence[Sentence], evidence: Evidence, *, count: int, seed: int, round: int) -> Order:
    """All candidates, best first. count: about how many of them will be bought (clusters, greedy steps).

    Ties fall as a permutation of the ids drawn from (``seed``, ``round``) has them: not by position, and not by the alphabet,
    in which documents of one year or venue stand together. So the candidates' own order does not matter.
    """
    if not candidates:
        return np.zeros(0, dtype=np.int64)
    rng = np.random.default_rng((seed, round))
    by_id = np.array(sorted(range(len(candidates)), key=lambda i: candidates[i].id), dtype=np.int64)
    lot = np.empty(len(candidates), dtype=np.int64)
    lot[by_id] = rng.permutation(len(candidates))
    match acquire.kind:
        case "none" | "random":
            scores = np.zeros(len(candidates))
        case "longest":
            scores = np.array([len(s.tokens) for s in candidates], dtype=float)
        case "k_means" | "core_set":
            assert evidence.embeddings is not None and evidence.known is not None
            rows, drawn = evidence.embeddings[by_id], int(rng.integers(2**31))
            if acquire.kind == "k_means":
                return np.asarray(by_id[k_means(rows, count, drawn)])
            return np.asarray(by_id[core_set(rows, evidence.known, count, drawn)])
        case "round_robin":
            assert evidence.predictions is not None
            by_class = np.array([uncertainty.class_scores(p) for p in evidence.predictions()])
            return round_robin(by_class, evidence.counts, lot)
        case "bald":
            assert evidence.samples is not None
            scores = np.array([uncertainty.bald(sample) for sample in evidence.samples()])
        case "fluctuation":
            scores = np.array([uncertainty.fluctuation(passes) for passes in histories(evidence)])
        case kind:
            assert evidence.predictions is not None
            scores = np.array([uncertainty.SCORES[kind](p) for p in evidence.predictions()])
    return np.lexsort((lot, -scores))


def histories(evidence: Evidence) -> Iterator[list[Prediction]]:
    """Each candidate's predictions, oldest first. Earlier rounds had all of today's candidates, in this order, among more."""
    assert evidence.predictions is not None
    earlier = [past() for past in evidence.history]
    for now in evidence.predictions():
        yield [*(next(p for p in past if p.sentence.id == now.sentence.id) for past in earlier), now]


def round_robin(scores: npt.NDArray[np.float64], counts: Sequence[int], lot: Order) -> Order:
    """Classes in turn, the rarest in the gold first: each takes the sentence that is surest to hold one (Esuli et al. 2010).

    scores: [candidates, classes]. counts: spans of each class in the gold.
    """
    turns = sorted(range(scores.shape[1]), key=lambda c: (counts[c], c))
    orders = [iter(np.lexsort((lot, -scores[:, c])).tolist()) for c in turns]
    taken: dict[int, None] = {}
    while len(taken) < len(scores):
        for order in orders:
            if (best := next((i for i in order if i not in taken), None)) is not None:
                taken[best] = None
    return np.array(list(taken), dtype=np.int64)


def take(
    ordered: Iterator[Sentence], size: float, unit: Unit, label: Callable[[Sentence], Sentence]
) -> tuple[tuple[Sentence, ...], float]:
    """(what the annotator labelled, its amount in ``unit``): sentences in their order until ``size`` is spent or none is left.

    The last may cost more than is left; with entities nobody knows a sentence's price before it is labelled.
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
