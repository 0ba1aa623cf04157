"""Running text, with spans in characters, as sentences of tokens.

Text is split and tokenised without regard to its gold. So a tagger gets the same tokens whether the
text is annotated or not, and a span that fits no sentence is a span that no tagger could find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from sys import intern
from typing import NamedTuple, Protocol, TypeVar

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.check import check_spans
from sciner.text.formats.segment import sentence_bounds
from sciner.text.formats.tokenise import tokenise
from sciner.text.spans import Span

# version of the tokeniser and sentence splitter; in version 1 gold spans influenced both
READER = 2
UNMET = "spans dropped: they cut a token or cross a sentence's end"
OVERLAPPING = "overlapping spans dropped"
Offsets = tuple[tuple[int, int], ...]


class Stretch(Protocol):
    """Anything that has a place and a class."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def label(self) -> str: ...


S = TypeVar("S", bound=Stretch)


class Placed(NamedTuple):
    """A sentence and the places of its tokens.

    Attributes:
        sentence: without labels.
        offsets: (start, end) of each token in characters: of the file (plain text and BRAT, line
            ends counted as they are), of its extracted text (PDF) or of the object's text (JSON
            lines). None for tokens that come from no text.
        page: of a PDF on which it begins, counted from 1; None for other files.
    """

    sentence: Sentence
    offsets: Offsets | None = None
    page: int | None = None


class Piece(NamedTuple):
    """A sentence of a text.

    Attributes:
        tokens: its words.
        spans: in tokens.
        offsets: (start, end) of each token in characters of the text.
        dropped: labels of the spans that begin in it and could not be kept.
        overlapping: how many of these overlapped another span.
        start: its first character.
    """

    tokens: tuple[str, ...]
    spans: tuple[Span, ...]
    offsets: Offsets
    dropped: tuple[str, ...]
    overlapping: int
    start: int


def pieces(
    text: str, spans: Sequence[Span] = (), lost: Sequence[Span] = (), *, whole: bool = False
) -> Iterator[Piece]:
    """Yield the sentences of a text.

    Args:
        text: to be split and tokenised.
        spans: in characters; white space at their edges is trimmed. A span that does not begin and
            end with tokens of one sentence is dropped.
        lost: spans that were dropped before.
        whole: the text is one sentence.

    Raises:
        InputError: a span is outside the text, overlaps another, is empty or covers only white
            space.
    """
    trimmed = [_trim(text, span) for span in check_spans(spans, len(text), "characters")]
    for start, end in [(0, len(text))] if whole else sentence_bounds(text):
        offsets = tuple((start + a, start + b) for a, b in tokenise(text[start:end]))
        first = {a: i for i, (a, _) in enumerate(offsets)}
        last = {b: i + 1 for i, (_, b) in enumerate(offsets)}
        inside = [s for s in trimmed if start <= s.start < end]
        held = [s for s in inside if s.start in first and s.end in last]
        unmet = [s.label for s in inside if s not in held]
        hidden = [s.label for s in lost if start <= s.start < end]
        yield Piece(
            tuple(intern(text[a:b]) for a, b in offsets),
            tuple(Span(first[s.start], last[s.end], s.label) for s in held),
            offsets,
            (*unmet, *hidden),
            len(hidden),
            start,
        )


def differ(share: float, other: float) -> bool:
    """Whether two texts seem to be tokenised in different ways, by their ``cut_share``."""
    return abs(share - other) > 0.02  # SciERC's brackets (-LRB-) alone are 3% of its tokens


def cut_share(sentences: Sequence[Sentence], limit: int = 2000) -> float:
    """The share of tokens, in [0, 1], that ``tokenise`` would split.

    Args:
        sentences: of one text.
        limit: how many of them are examined, from the first.
    """
    tokens = [token for sentence in sentences[:limit] for token in sentence.tokens]
    cut = sum(sum(1 for _ in tokenise(token)) > 1 for token in tokens)
    return cut / len(tokens) if tokens else 0.0


def joined(tokens: Sequence[str]) -> Offsets:
    """The places of tokens that are separated by one space."""
    ends = list(accumulate(len(token) + 1 for token in tokens))
    return tuple((end - len(token) - 1, end - 1) for end, token in zip(ends, tokens, strict=True))


def longest(spans: Sequence[S]) -> tuple[list[S], list[S]]:
    """Resolve overlaps: keep the longest span, of equally long ones the first.

    Returns:
        The spans that are kept and those that are lost, both in order.
    """
    kept: list[S] = []
    lost: list[S] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        clear = all(span.end <= other.start or other.end <= span.start for other in kept)
        (kept if clear else lost).append(span)
    return sorted(kept, key=_place), sorted(lost, key=_place)


def _place(span: Stretch) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def count_dropped(notes: Counter[str], dropped: int, overlapping: int) -> None:
    """Count dropped spans in ``notes``.

    Args:
        notes: to be updated.
        dropped: all of them.
        overlapping: those of them that overlapped another span.
    """
    notes.update(+Counter({OVERLAPPING: overlapping, UNMET: dropped - overlapping}))


def _trim(text: str, span: Span) -> Span:
    surface = text[span.start : span.end]
    if not surface.strip():
        raise InputError(f"span {tuple(span)} covers only white space", hint="drop it")
    return Span(span.end - len(surface.lstrip()), span.start + len(surface.rstrip()), span.label)
