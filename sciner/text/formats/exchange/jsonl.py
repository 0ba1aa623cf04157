"""sciner's JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, register
from sciner.text.formats.exchange.fields import as_json, confidence, offsets_of
from sciner.text.formats.fields import spans_of
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import placed
from sciner.text.formats.record import (
    Mark,
    Origin,
    Record,
    on_tokens,
    record_of,
    sentence_of,
    words,
)
from sciner.text.formats.row import Row, names_of, parse_row
from sciner.text.formats.running import joined
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import Span

REJECTED = "rows left out: they were rejected or ignored"


def read_rows(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read as ``read_jsonl`` does, but keep running text whole and keep the run's confidences."""
    found: list[tuple[int, dict[str, Any], list[Row]]] = []
    for number, row in read_objects(path):
        with located(path, number):
            rows = [] if _is_text(row) else parse_row(row)
        found.append((number, row, rows))
    tagged = [(n, r) for n, _, rows in found for r in rows if r.tags is not None]
    decoded = decode_file(
        [TagRow(r.tags or (), [n] * len(r.tags or ())) for n, r in tagged],
        file=path,
        notes=notes,
        scheme=None,
        labels=None,
    )
    spans = {id(r): s for (_, r), s in zip(tagged, decoded, strict=True)}
    seen: Counter[str] = Counter()
    for number, row, rows in found:
        if row.get("answer") in ("reject", "ignore"):
            notes[REJECTED] += 1
            continue
        with located(path, number):
            if _is_text(row):
                yield replace(_text_record(row, f"{path.stem}.{number}"), origin=Origin(number))
            for sentence in rows:
                document = sentence.document or path.stem
                id_ = sentence.id or f"{document}#{seen[document]}"
                seen[document] += sentence.id is None
                found_spans = spans.get(id(sentence), sentence.spans)
                record = _token_record(row, sentence, id_, found_spans)
                yield replace(record, origin=Origin(number))


def write_rows(path: Path, records: Iterable[Record]) -> None:
    """Write tokens with spans in tokens or, without tokens, the text with spans in characters.

    If the text is not its tokens separated by single spaces, "text" and the tokens' "offsets" in it
    are written too.
    """

    def row(record: Record) -> dict[str, Any]:
        marks = record.marks or ()
        solid = record.tokens is not None and len(on_tokens(record)) == len(marks)
        row: dict[str, Any] = {"id": record.id}
        if solid:
            row["tokens"] = words(record)
        if not solid or not _is_plain(record):
            row["text"] = record.text
            row |= {} if record.tokens is None else {"offsets": record.tokens}
        if record.marks is not None:
            places = on_tokens(record) if solid else [(m.start, m.end, m) for m in marks]
            row["spans"] = [_span(a, b, m) for a, b, m in places]
        return row | ({"masked": sorted(record.masked)} if record.masked else {})

    write_lines(path, (as_json(row(record)) for record in records))


def _is_plain(record: Record) -> bool:
    """Whether the text is its tokens separated by single spaces."""
    return record_of(sentence_of(record)).text == record.text


def _span(start: int, end: int, mark: Mark) -> object:
    if mark.confidence is None:
        return (start, end, mark.label)
    return {"start": start, "end": end, "label": mark.label, "confidence": mark.confidence}


def _is_text(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("text"), str) and row.get("tokens") is None


def _text_record(row: dict[str, Any], name: str) -> Record:
    text = row["text"]
    id_, document = names_of(row)
    spans = spans_of(row, "spans" if row.get("spans") is not None else "entities")
    sure = _confidences(row)
    marks = None if spans is None else placed(text, [Mark(*s, sure.get(s)) for s in spans])
    masked = frozenset(row.get("masked") or ())
    return Record(id_ or document or name, text, marks, offsets_of(row, "offsets", text), masked)


def _token_record(
    row: Mapping[str, Any], sentence: Row, id_: str, spans: tuple[Span, ...] | None
) -> Record:
    text, places = " ".join(sentence.tokens), joined(sentence.tokens)
    if isinstance(row.get("text"), str) and row.get("offsets") is not None:
        offsets = offsets_of(row, "offsets", row["text"]) or ()
        if tuple(row["text"][a:b] for a, b in offsets) == sentence.tokens:
            text, places = row["text"], offsets
    sure = _confidences(row)
    marks = tuple(
        Mark(places[s.start][0], places[s.end - 1][1], s.label, sure.get(s)) for s in spans or ()
    )
    return Record(
        id_,
        text,
        None if spans is None else placed(text, marks),
        places,
        sentence.masked,
    )


def _confidences(row: Mapping[str, Any]) -> dict[Span, float | None]:
    spans = row.get("spans") or row.get("entities") or ()
    return {
        Span(s["start"], s["end"], s["label"]): confidence(s, "confidence")
        for s in spans
        if isinstance(s, dict) and {"start", "end", "label"} <= {*s}
    }


register(
    Exchange(
        name="jsonl",
        title="JSON lines",
        suffix=".jsonl",
        holds=frozenset(
            {"text", "lines", "edges", "confidences", "masks", "tokens", "ids", "unlabelled"}
        ),
        read=read_rows,
        write=write_rows,
        recognise=lambda head: False,
    )
)
