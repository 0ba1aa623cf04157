"""What the steps of a round give: a training, predictions, their evaluation, how fast, and that
they were taken."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from sciner.hashing import digest_of_rows
from sciner.score.stats import Counts
from sciner.tagger.base import FitReport, Fitted
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

Scores = dict[str, float]


class StepRecord(NamedTuple):
    """A step that was taken. hit: it was known. seconds: what computing it took, now or then."""

    step: str
    key: str
    hit: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class FitResult:
    """A training, done or known. live: the trained tagger itself, from its kept weights or, without
    them, by training again."""

    key: str
    report: FitReport
    live: Callable[[], Fitted]


@dataclass(frozen=True)
class Predicted:
    """Predictions for ``sentences``, made or known. read: one after the other, anew at every call;
    never hold them all, for a pool's label distributions need not fit into memory. seconds: what
    making them took."""

    key: str
    sentences: Sequence[Sentence]
    seconds: float
    read: Callable[[], Iterator[Prediction]]

    def identity(self) -> list[str]:
        """Their key, and a digest of the ids by which the sentences go here."""
        return [self.key, self._ids]

    @cached_property
    def _ids(self) -> str:
        return digest_of_rows(s.id for s in self.sentences)

    def only(self, ids: Container[str]) -> Predicted:
        """Those of the sentences named by ``ids``."""
        chosen = [s for s in self.sentences if s.id in ids]
        return replace(
            self, sentences=chosen, read=lambda: (p for p in self.read() if p.sentence.id in ids)
        )


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Predictions for the seed set by taggers that did not learn from the sentence. gold: of the
    seed set, by sentence id. parts: the predictions, fold by fold. pool: what all folds' taggers
    say of the pool on average, where it was asked for."""

    gold: Mapping[str, tuple[Span, ...]]
    parts: tuple[Predicted, ...]
    pool: Predicted | None = None

    def judged(self) -> Iterator[tuple[Prediction, tuple[Span, ...]]]:
        """Each prediction beside the gold of its sentence."""
        for made in self.parts:
            for p in made.read():
                yield p, self.gold[p.sentence.id]

    def predictions(self) -> Iterator[Prediction]:
        """All of them, those for the pool last."""
        for made in (*self.parts, *([self.pool] if self.pool else [])):
            yield from made.read()

    def identity(self) -> list[list[str]]:
        """For keys: the predictions for the seed set, which the gold has determined."""
        return [made.identity() for made in self.parts]


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """scores: of one set. counts: [documents, 3], for the comparison with later rounds."""

    key: str
    scores: Scores
    counts: Counts


def speed_of(made: Predicted) -> dict[str, float]:
    return speed(sum(len(s.tokens) for s in made.sentences), made.seconds)


def speed(tokens: int, seconds: float) -> dict[str, float]:
    return {"seconds": seconds, "tokens_per_second": tokens / seconds if seconds > 0 else 0.0}
