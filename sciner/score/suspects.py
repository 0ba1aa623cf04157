"""Suspected label errors: spans that predictions contradict, by taggers that did not learn from
them."""

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
    """A label that is contradicted, or lacking.

    kind: what is wrong with it if the suggestion is right. given: the span as it is labelled; None
    where there is none. suggested: the span that is predicted there; None where there is none.
    p_given, p_suggested: of the tokens of both, the least probability of the tag that is given,
    and of the one that is suggested.
    """

    kind: Kind
    given: Span | None
    suggested: Span | None
    p_given: float
    p_suggested: float


@dataclass(frozen=True, slots=True)
class Suspected:
    """A sentence with its suspects, the worst first. example: as it was trained on."""

    example: Example
    suspects: tuple[Suspect, ...]

    @property
    def p_given(self) -> float:
        """Of its worst suspect."""
        return self.suspects[0].p_given


def suspects_of(example: Example, judged: Prediction, labels: Sequence[str]) -> list[Suspect]:
    """Where ``judged`` says something else than ``example``, the least probable label first.
    labels: the corpus's classes.

    A label is as good as it is probable, and as its worst token: self-confidence and the minimum,
    as Wang & Mueller 2022 found best for sentences (cleanlab's token classification).
    """
    found = [s for s in places_of(example, judged, labels) if s.kind != Kind.RIGHT]
    return sorted(found, key=lambda suspect: suspect.p_given)


def places_of(example: Example, judged: Prediction, labels: Sequence[str]) -> list[Suspect]:
    """Every place where one of the two has a span, by its place in the sentence: what they agree on
    too, as right. Places with a masked token are left out."""
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
    """[tokens]: the probability of the tag that ``spans`` give each token."""
    number = {tag: i for i, tag in enumerate(tagset(labels))}
    tags = [number[tag] for tag in encode(spans, len(judged.sentence.tokens))]
    return judged.distribution[np.arange(len(tags)), tags]


def extent(*spans: Span | None) -> tuple[int, int]:
    """From the first token of all ``spans`` to behind the last."""
    there = [span for span in spans if span]
    return min(span.start for span in there), max(span.end for span in there)


def masked(tokens: Container[int], part: slice) -> bool:
    """Does ``part`` hold one of them?"""
    return any(token in tokens for token in range(part.start, part.stop))
