"""Simulated annotation errors: missed spans, wrong classes, shifted boundaries, spurious spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar, get_args

import numpy as np

from sciner.hashing import digest
from sciner.text.spans import Span

ErrorKind = Literal["missed", "class", "boundary", "spurious"]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
LONGEST_SPURIOUS = 3  # tokens
T = TypeVar("T")


class Error(NamedTuple):
    """One error: the clean span that is lost, and the span that replaces it."""

    kind: ErrorKind
    lost: Span | None
    added: Span | None


@dataclass(frozen=True, slots=True)
class Noise:
    """Random annotation errors.

    Each clean span suffers an error with a given probability, of one of four kinds. Missed: it is
    not marked. Class: it gets another class, uniformly. Boundary: one end moves by a token.
    Spurious: it is marked, and a stretch of one to three tokens outside all spans of its sentence
    is marked too, with any class; a sentence without a span gets none of these.

    Every span draws the same numbers whatever the rate, and its error leaves room for the possible
    errors of the others. So the errors depend only on ``seed``, ``stream`` and the sentence's id,
    length and clean spans, and the errors at a low rate are among those at a higher one: rates are
    compared as pairs. Spans never overlap, are never empty and never leave their sentence.

    Attributes:
        labels: the corpus's classes.
        rate: probability of an error for each span, in [0, 1].
        rates: of single classes, in place of ``rate``.
        kinds: weights of the kinds. Kinds that are impossible at a span (no other class, no free
            token) are left out; where none is possible there is no error.
        seed: of the draws.
        stream: tells annotators with the same rates apart.
    """

    labels: tuple[str, ...]
    rate: float
    rates: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(ERROR_KINDS, 1.0))
    seed: int = 0
    stream: int = 0

    def spans(self, sentence: str, length: int, clean: Sequence[Span]) -> tuple[Span, ...]:
        """What is marked in the sentence with this id, number of tokens and clean spans."""
        errors = self.errors(sentence, length, clean)
        lost = {error.lost for error in errors}
        return tuple(
            sorted([s for s in clean if s not in lost] + [e.added for e in errors if e.added])
        )

    def errors(self, sentence: str, length: int, clean: Sequence[Span]) -> list[Error]:
        """The errors that are made there, in the order of the spans."""
        draws = np.random.default_rng(int(digest([self.seed, self.stream, sentence]), 16)).random(
            (len(clean), 4)
        )
        free = set(range(length)).difference(*(range(s.start, s.end) for s in clean))
        found = []
        for span, (whether, which, where, label) in zip(sorted(clean), draws.tolist(), strict=True):
            if (error := self._possible(span, free, which, where, label)) is None:
                continue
            if error.added:
                free.difference_update(range(error.added.start, error.added.end))
            if whether < self.rates.get(span.label, self.rate):
                found.append(error)
        return found

    def _possible(
        self, span: Span, free: set[int], which: float, where: float, label: float
    ) -> Error | None:
        """Make an error of ``span`` from draws in [0, 1).

        free: tokens outside all spans and all spans that may be added.
        """
        others = [other for other in self.labels if other != span.label]
        shifts = shifted(span, free)
        possible = {
            "missed": True,
            "class": bool(others),
            "boundary": bool(shifts),
            "spurious": bool(free),
        }
        weights = {kind: self.kinds.get(kind, 0.0) for kind in ERROR_KINDS if possible[kind]}
        if not any(weights.values()):
            return None
        bounds = np.cumsum(list(weights.values()))
        match kind := list(weights)[int(np.searchsorted(bounds, which * bounds[-1], side="right"))]:
            case "missed":
                return Error(kind, span, None)
            case "class":
                return Error(kind, span, span._replace(label=pick(others, label)))
            case "boundary":
                return Error(kind, span, pick(shifts, where))
            case "spurious":
                return Error(
                    kind, None, Span(*pick(stretches(free), where), pick(self.labels, label))
                )


def shifted(span: Span, free: set[int]) -> list[Span]:
    """Move one end of ``span`` by a token; one token stays, and only ``free`` ones are added."""
    longer = [(span.start - 1, span.end)] * (span.start - 1 in free) + [
        (span.start, span.end + 1)
    ] * (span.end in free)
    shorter = (
        [(span.start + 1, span.end), (span.start, span.end - 1)]
        if span.end - span.start > 1
        else []
    )
    return [Span(start, end, span.label) for start, end in (*longer, *shorter)]


def stretches(free: set[int]) -> list[tuple[int, int]]:
    """(start, end) of every stretch of one to three ``free`` tokens."""
    ends = ((start, start + n) for start in sorted(free) for n in range(1, LONGEST_SPURIOUS + 1))
    return [(start, end) for start, end in ends if free.issuperset(range(start, end))]


def pick(options: Sequence[T], draw: float) -> T:
    """Choose one of ``options`` uniformly, by a ``draw`` from [0, 1)."""
    return options[int(draw * len(options))]
