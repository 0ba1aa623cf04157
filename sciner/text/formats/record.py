"""A text with its annotations in characters, as annotation tools exchange it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sciner.text.corpus import UNMASKED, Sentence
from sciner.text.formats.row import ID
from sciner.text.formats.running import Offsets, joined
from sciner.text.spans import Span


class Mark(NamedTuple):
    """A span of a text in characters.

    Attributes:
        start: the first character, counted from 0.
        end: the character after the last.
        label: its class.
        confidence: in [0, 1]; None if it is not a prediction.
    """

    start: int
    end: int
    label: str
    confidence: float | None = None


class Origin(NamedTuple):
    """Where a text was read, beside what it holds.

    line: of its file. seconds: what labelling it took, where the tool says so. suggested: its marks
    are a suggestion that nobody has confirmed.
    """

    line: int | None = None
    seconds: float | None = None
    suggested: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One text that a tool shows: a sentence, if its id is ``document#index``, or a document.

    Attributes:
        id: of the sentence or document.
        text: as it is shown.
        marks: in order; they may overlap. None for a text without labels.
        tokens: (start, end) of each in characters; None if the format does not define them.
        masked: positions of tokens whose label is not known.
    """

    id: str
    text: str
    marks: tuple[Mark, ...] | None = None
    tokens: Offsets | None = None
    masked: frozenset[int] = UNMASKED
    origin: Origin = field(default=Origin(), compare=False)

    @property
    def is_sentence(self) -> bool:
        """Whether the id is ``document#index``."""
        return bool(ID.fullmatch(self.id))

    @property
    def document(self) -> str:
        """The id of the document."""
        return self.id.rpartition("#")[0] if self.is_sentence else self.id


def record_of(sentence: Sentence) -> Record:
    """Make a record of a sentence: its tokens, separated by one space."""
    tokens = joined(sentence.tokens)
    marks = (
        None
        if sentence.spans is None
        else tuple(Mark(tokens[s.start][0], tokens[s.end - 1][1], s.label) for s in sentence.spans)
    )
    return Record(sentence.id, " ".join(sentence.tokens), marks, tokens, sentence.masked)


def sentence_of(record: Record) -> Sentence:
    """Make a sentence of a record: its tokens, and the spans that begin and end with a token."""
    spans = tuple(Span(a, b, mark.label) for a, b, mark in on_tokens(record))
    gold = None if record.marks is None else spans
    return Sentence(record.id, words(record), gold, record.masked)


def words(record: Record) -> tuple[str, ...]:
    """The tokens of a record.

    Raises:
        ValueError: it has none.
    """
    if record.tokens is None:
        raise ValueError(f"{record.id} has no tokens")
    return tuple(record.text[a:b] for a, b in record.tokens)


def on_tokens(record: Record) -> list[tuple[int, int, Mark]]:
    """The marks that begin and end with a token, as (first token, last token + 1, mark)."""
    first = {a: i for i, (a, _) in enumerate(record.tokens or ())}
    last = {b: i + 1 for i, (_, b) in enumerate(record.tokens or ())}
    met = (m for m in record.marks or () if m.start in first and m.end in last)
    return [(first[m.start], last[m.end], m) for m in met]
