"""Results of the steps of a round: fits, predictions, evaluations and their speed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from sciner.hashing import digest_of_rows
from sciner.score.stats import Counts
from sciner.tagger.base import FitReport, Fitted
from sciner.text.corpus import Sentence, accepted
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

Scores = dict[str, float]


class StepRecord(NamedTuple):
    """A step of a round.

    Attributes:
        step: its name.
        key: in the store.
        hit: whether the result came from the store.
        seconds: what computing it took, now or when it was stored.
    """

    step: str
    key: str
    hit: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class FitResult:
    """A fit, new or from the store.

    Attributes:
        key: in the store.
        report: of the fit.
        live: returns the trained tagger, from its stored weights or, without them, by training
            again.
    """

    key: str
    report: FitReport
    live: Callable[[], Fitted]


@dataclass(frozen=True)
class Predicted:
    """Predictions for ``sentences``, new or from the store.

    Attributes:
        key: in the store.
        sentences: in order.
        seconds: what computing them took.
        read: yields the predictions, from the start at every call. Do not hold them all: the label
            distributions of a pool may not fit into memory.
    """

    key: str
    sentences: Sequence[Sentence]
    seconds: float
    read: Callable[[], Iterator[Prediction]]

    def identity(self) -> list[str]:
        """Their key, and a digest of the ids of the sentences."""
        return [self.key, self._ids]

    @cached_property
    def _ids(self) -> str:
        return digest_of_rows(s.id for s in self.sentences)

    def only(self, ids: Container[str]) -> Predicted:
        """The predictions for the sentences whose ids are in ``ids``."""
        chosen = [s for s in self.sentences if s.id in ids]
        return replace(
            self, sentences=chosen, read=lambda: (p for p in self.read() if p.sentence.id in ids)
        )


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Predictions for the seed set by taggers that were not trained on the sentence.

    Attributes:
        gold: {sentence id: spans} of the seed set.
        masked: {sentence id: positions of its tokens whose label is unknown}.
        parts: the predictions, one for each fold.
        pool: the mean of all folds' taggers for the pool, if it was requested.
    """

    gold: Mapping[str, tuple[Span, ...]]
    masked: Mapping[str, frozenset[int]]
    parts: tuple[Predicted, ...]
    pool: Predicted | None = None

    def judged(self) -> Iterator[tuple[Prediction, tuple[Span, ...]]]:
        """Yield each prediction with the gold of its sentence.

        Predicted spans with a masked token are left out: nobody knows whether they are right.
        """
        for made in self.parts:
            for p in made.read():
                id = p.sentence.id
                yield replace(p, spans=accepted(p.spans, self.masked[id])), self.gold[id]

    def predictions(self) -> Iterator[Prediction]:
        """Yield all predictions, those for the pool last."""
        for made in (*self.parts, *([self.pool] if self.pool else [])):
            yield from made.read()

    def identity(self) -> list[list[str]]:
        """For keys: the predictions for the seed set, which depend on its gold."""
        return [made.identity() for made in self.parts]


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The evaluation of one set.

    Attributes:
        key: in the store.
        scores: by metric name.
        counts: [documents, 3], for the comparison with later rounds.
    """

    key: str
    scores: Scores
    counts: Counts


def speed_of(made: Predicted) -> dict[str, float]:
    """Seconds and tokens per second of predictions."""
    return speed(sum(len(s.tokens) for s in made.sentences), made.seconds)


def speed(tokens: int, seconds: float) -> dict[str, float]:
    """Seconds and tokens per second."""
    return {"seconds": seconds, "tokens_per_second": tokens / seconds if seconds > 0 else 0.0}
