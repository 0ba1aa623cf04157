"""A text in memory as sentences, and what a tagger finds in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from sciner.run.annotated import marks_of
from sciner.text.formats.check import check_length
from sciner.text.formats.places import check_surrogates
from sciner.text.formats.record import Mark
from sciner.text.formats.running import Offsets
from sciner.text.formats.segment import sentence_bounds
from sciner.text.formats.tokenise import tokenise
from sciner.text.spans import Span


class Split(NamedTuple):
    """A sentence of a text.

    Attributes:
        tokens: the words.
        offsets: (start, end) of each in characters of the text.
    """

    tokens: tuple[str, ...]
    offsets: Offsets


class AnnotatedSentence(NamedTuple):
    """An annotated sentence.

    Attributes:
        split: the sentence.
        spans: in tokens, in order, each with its confidence in [0, 1], 6 digits.
    """

    split: Split
    spans: tuple[tuple[Span, float], ...]

    def marks(self) -> list[Mark]:
        """The spans in characters of the text."""
        return list(marks_of(self.spans, self.split.offsets))


def split(
    text: str, tokens: Offsets | None = None, sentences: Sequence[tuple[int, int]] | None = None
) -> list[Split]:
    """Split a text into sentences and tokens.

    Args:
        text: any characters but lone surrogates.
        tokens: (start, end) of each, in order; None: as `sciner annotate` finds them.
        sentences: (start, end) of each; None: as `sciner annotate` finds them.

    Returns:
        The sentences that have a token.

    Raises:
        InputError: the text has a lone surrogate, or a sentence has more than 2,000 tokens.
    """
    check_surrogates(text)
    found = []
    for begin, end in sentence_bounds(text) if sentences is None else sentences:
        if tokens is None:
            offsets = tuple((begin + a, begin + b) for a, b in tokenise(text[begin:end]))
        else:
            offsets = tokens[bisect_left(tokens, (begin, 0)) : bisect_left(tokens, (end, 0))]
        if offsets:
            check_length(len(offsets), too_long="start a new line between sentences")
            found.append(Split(tuple(text[a:b] for a, b in offsets), offsets))
    return found
