"""Running text, with spans in characters, as sentences of tokens.

Text is split and tokenised without a look at its gold. What a tagger is asked about is then the
same whether the text is annotated or not, and a span that no sentence can hold is a span that no
tagger could find.
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

# version of what is a token and a sentence: 1 let gold spans cut tokens and hold back sentence ends
READER = 2
UNMET = "spans dropped: they cut a token or cross a sentence's end"
OVERLAPPING = "overlapping spans dropped"
Offsets = tuple[tuple[int, int], ...]


class Stretch(Protocol):
    """What has a place and a class."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def label(self) -> str: ...


S = TypeVar("S", bound=Stretch)


class Placed(NamedTuple):
    """A sentence, and where its tokens stand: in characters of the file (plain text, BRAT; a line's
    end counts as it stands there) or of the object's text (JSON lines). offsets: None for tokens
    that come from no text."""

    sentence: Sentence
    offsets: Offsets | None = None


class Piece(NamedTuple):
    """A sentence of a text. offsets: (start, end) of each token in characters of the text.

    dropped: the labels of spans that begin in it and that it cannot hold; ``overlapping`` of
    them since they overlap another. start: its first character.
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
    """The sentences of ``text``, or with ``whole`` all of it as one.

    spans: in characters; trimmed of white space. One whose edges are not edges of tokens of one
    sentence is dropped. lost: spans that were dropped before. Raises InputError for spans that
    leave the text, overlap, are empty or cover only white space.
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
    """Share, in [0, 1], of the tokens of the first ``limit`` sentences that ``tokenise`` would
    cut."""
    tokens = [token for sentence in sentences[:limit] for token in sentence.tokens]
    cut = sum(sum(1 for _ in tokenise(token)) > 1 for token in tokens)
    return cut / len(tokens) if tokens else 0.0


def joined(tokens: Sequence[str]) -> Offsets:
    """Where tokens stand when one blank separates them."""
    ends = list(accumulate(len(token) + 1 for token in tokens))
    return tuple((end - len(token) - 1, end - 1) for end, token in zip(ends, tokens, strict=True))


def longest(spans: Sequence[S]) -> tuple[list[S], list[S]]:
    """(kept, lost): of spans that overlap the longest is kept, of equally long ones the first. Both
    are in order."""
    kept: list[S] = []
    lost: list[S] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        clear = all(span.end <= other.start or other.end <= span.start for other in kept)
        (kept if clear else lost).append(span)
    return sorted(kept, key=_place), sorted(lost, key=_place)


def _place(span: Stretch) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def count_dropped(notes: Counter[str], dropped: int, overlapping: int) -> None:
    """``dropped``: all of them, ``overlapping`` included."""
    notes.update(+Counter({OVERLAPPING: overlapping, UNMET: dropped - overlapping}))


def _trim(text: str, span: Span) -> Span:
    surface = text[span.start : span.end]
    if not surface.strip():
        raise InputError(f"span {tuple(span)} covers only white space", hint="drop it")
    return Span(span.end - len(surface.lstrip()), span.start + len(surface.rstrip()), span.label)
