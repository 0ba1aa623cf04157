"""Records are reduced to what a format can store, and what is lost is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from sciner.errors import InputError
from sciner.text.corpus import UNMASKED, Sentence
from sciner.text.formats.check import check_length, check_token
from sciner.text.formats.record import Mark, Record, on_tokens, record_of, words
from sciner.text.formats.running import OVERLAPPING, UNMET, longest
from sciner.text.formats.segment import sentence_bounds
from sciner.text.formats.tokenise import tokenise

WORDLESS = "texts without a word left out"
SPACES = "texts whose white space becomes single spaces"
LINES = "line ends written as spaces"
CONFIDENCES = "confidences left out"
MASKS = "masked tokens written as if they were in no span"
TOKENS = "texts whose tokens will differ when they are read again"
IDS = "ids left out"
SPANS = "spans left out"
UNLABELLED = "texts without labels, written as texts with no span"


def fit(records: Iterable[Record], holds: Collection[str], notes: Counter[str]) -> list[Record]:
    """Reduce records to what a format can store.

    Of overlapping spans the longest is kept; of equally long ones, the first. A format without
    "edges" gets one sentence per record, tokenised if it was not; without "tokens" too, it stores
    no spans, and gets none.

    Args:
        records: to be written.
        holds: what the format can store (``exchange.base.Held``).
        notes: counts what is lost.

    Raises:
        InputError: a sentence has more than 2,000 tokens.
    """
    return [fitted for record in records for fitted in _fit(record, holds, notes)]


def _fit(record: Record, holds: Collection[str], notes: Counter[str]) -> Iterator[Record]:
    if "edges" not in holds and "tokens" not in holds:
        notes.update(+Counter({SPANS: len(record.marks or ())}))
        yield _reduced(replace(record, marks=None), holds, notes)
        return
    if record.marks and "overlaps" not in holds:
        kept, lost = longest(record.marks)
        record = replace(record, marks=tuple(kept))
        notes.update(+Counter({OVERLAPPING: len(lost)}))
    parts = [record] if "edges" in holds else list(_sentences(record, notes))
    if not parts:
        notes[WORDLESS] += 1
    for part in parts:
        yield _reduced(part, holds, notes)


def _reduced(record: Record, holds: Collection[str], notes: Counter[str]) -> Record:
    if "text" not in holds:
        spaced = record_of(Sentence(record.id, words(record)))
        notes[SPACES] += spaced.text != record.text
        places = spaced.tokens or ()
        marks = tuple(
            Mark(places[a][0], places[b - 1][1], m.label, m.confidence)
            for a, b, m in on_tokens(record)
        )
        record = replace(
            spaced, marks=None if record.marks is None else marks, masked=record.masked
        )
    if "lines" not in holds:
        title, end, rest = record.text.partition("\n")
        if "title" not in holds or not rest.strip():
            title, end, rest = "", "", record.text
        notes[LINES] += sum(map((title + rest).count, "\r\n"))
        record = replace(record, text=_in_one_line(title) + end + _in_one_line(rest))
    if "confidences" not in holds and record.marks:
        notes[CONFIDENCES] += sum(mark.confidence is not None for mark in record.marks)
        record = replace(record, marks=tuple(m._replace(confidence=None) for m in record.marks))
    if "masks" not in holds and record.masked:
        notes[MASKS] += len(record.masked)
        record = replace(record, masked=UNMASKED)
    if "tokens" not in holds and record.tokens is not None:
        notes[TOKENS] += record.tokens != tuple(tokenise(record.text))
        record = replace(record, tokens=None)
    if "ids" not in holds and (record.is_sentence or "documents" not in holds):
        notes[IDS] += 1
    if "unlabelled" not in holds and record.marks is None:
        notes[UNLABELLED] += 1
        record = replace(record, marks=())
    return record


def _in_one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def _sentences(record: Record, notes: Counter[str]) -> Iterator[Record]:
    """The sentences of a record, each with its tokens and the spans that fit them."""
    text = record.text
    tokens = tuple(tokenise(text)) if record.tokens is None else record.tokens
    bounds = [(0, len(text))] if record.is_sentence else sentence_bounds(text)
    index = held = 0
    for start, end in bounds:
        inside = [i for i, (a, _) in enumerate(tokens) if start <= a < end]
        if not inside:
            continue
        first, begin = inside[0], tokens[inside[0]][0]
        id_ = record.id if record.is_sentence else f"{record.document}#{index}"
        part = Record(
            id_,
            text[begin : tokens[inside[-1]][1]],
            None,
            tuple((tokens[i][0] - begin, tokens[i][1] - begin) for i in inside),
            frozenset(i - first for i in inside if i in record.masked) or UNMASKED,
        )
        if record.marks is not None:
            moved = (m._replace(start=m.start - begin, end=m.end - begin) for m in record.marks)
            part = replace(part, marks=tuple(moved))
            part = replace(part, marks=tuple(m for _, _, m in on_tokens(part)))
            held += len(part.marks or ())
        _check(part)
        index += 1
        yield part
    notes.update(+Counter({UNMET: len(record.marks or ()) - held}))


def _check(sentence: Record) -> None:
    try:
        check_length(len(sentence.tokens or ()), too_long="start a new line between sentences")
        for token in words(sentence):
            check_token(token)
    except InputError as error:
        raise InputError(f"{sentence.id}: {error}") from None
