"""Suspected label errors: labels contradicted by taggers that did not learn them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sciner.score.errors import Kind, findings
from sciner.text.corpus import Example, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import Span, encode


class Suspect(NamedTuple):
    """A label that is contradicted, or missing.

    Attributes:
        kind: what is wrong with it if the suggestion is right.
        given: the span as it is labelled; None if there is none.
        suggested: the span that is predicted there; None if there is none.
        p_given, p_suggested: the probability of the given tag, and of the suggested one, each the
            least over the tokens of both spans.
    """

    kind: Kind
    given: Span | None
    suggested: Span | None
    p_given: float
    p_suggested: float


@dataclass(frozen=True, slots=True)
class Suspected:
    """A sentence with its suspects, the least probable label first."""

    example: Example
    suspects: tuple[Suspect, ...]

    @property
    def p_given(self) -> float:
        """Of its worst suspect."""
        return self.suspects[0].p_given

    def suggested(self) -> list[Span]:
        """The spans of the sentence if all suggestions are right; they may overlap."""
        doubted = {s.given for s in self.suspects}
        return [
            *(span for span in self.example.spans if span not in doubted),
            *(s.suggested for s in self.suspects if s.suggested),
        ]


def suspects_of(example: Example, judged: Prediction, labels: Sequence[str]) -> list[Suspect]:
    """Where ``judged`` contradicts ``example``, the least probable label first.

    The score is self-confidence with the minimum over tokens, which Wang & Mueller 2022 found best
    for sentences (cleanlab's token classification).

    Args:
        example: a sentence with its labels.
        judged: the prediction of a tagger that did not learn from it.
        labels: the corpus's classes.
    """
    found = [s for s in places_of(example, judged, labels) if s.kind != Kind.RIGHT]
    return sorted(found, key=lambda suspect: suspect.p_given)


def places_of(example: Example, judged: Prediction, labels: Sequence[str]) -> list[Suspect]:
    """Every place where label or prediction have a span, in the order of the sentence.

    Where both agree, the kind is right. Places with a masked token are left out.
    """
    given, suggested = example.accepted(), judged.spans
    p_given = probabilities(given, judged, labels)
    p_suggested = probabilities(suggested, judged, labels)
    found = []
    for kind, better, span in findings(suggested, given):
        tokens = slice(*extent(better, span))
        if not masked(example.masked, tokens):
            least = float(p_given[tokens].min()), float(p_suggested[tokens].min())
            found.append(Suspect(kind, span, better, *least))
    return found


def probabilities(
    spans: Sequence[Span], judged: Prediction, labels: Sequence[str]
) -> npt.NDArray[np.float16]:
    """The probability of the tag that ``spans`` give each token, [tokens]."""
    number = {tag: i for i, tag in enumerate(tagset(labels))}
    tags = [number[tag] for tag in encode(spans, len(judged.sentence.tokens))]
    return judged.distribution[np.arange(len(tags)), tags]


def extent(*spans: Span | None) -> tuple[int, int]:
    """From the first token of all ``spans`` to after the last."""
    there = [span for span in spans if span]
    return min(span.start for span in there), max(span.end for span in there)


def masked(tokens: Container[int], part: slice) -> bool:
    """Whether ``part`` contains one of ``tokens``."""
    return any(token in tokens for token in range(part.start, part.stop))
