"""Prodigy's JSON lines for spans and named entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import (
    OURS,
    as_json,
    confidence,
    integer,
    objects_of,
    own_fields,
    string,
)
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import check_tokens, placed
from sciner.text.formats.record import Mark, Origin, Record
from sciner.text.formats.running import Offsets

ANSWERS = "texts left out: they were rejected or ignored"


def read_prodigy(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one task per object; tasks answered reject or ignore are left out and counted.

    Prodigy's tokens that are only white space are skipped.
    """
    for number, task in read_objects(path):
        if task.get("answer", "accept") != "accept":
            notes[ANSWERS] += 1
            continue
        with located(path, number):
            text = string(task, "text")
            id_, _ = own_fields(task, text, f"{path.stem}.{number}")
            spans = objects_of(task, "spans")
            marks = [
                Mark(integer(s, "start"), integer(s, "end"), string(s, "label"), confidence(s))
                for s in spans or ()
            ]
            placed_marks = None if spans is None else placed(text, marks)
            yield Record(id_, text, placed_marks, _tokens(task, text), origin=Origin(number))


def write_prodigy(path: Path, records: Iterable[Record]) -> None:
    """Write tasks for ner.manual or spans.manual: suggested spans, "score" their confidence."""
    write_lines(path, (as_json(_task(record)) for record in records))


def _task(record: Record) -> dict[str, Any]:
    task: dict[str, Any] = {"text": record.text, OURS: record.id}
    tokens = record.tokens or ()
    first = {a: i for i, (a, _) in enumerate(tokens)}
    last = {b: i for i, (_, b) in enumerate(tokens)}
    if record.tokens is not None:
        task["tokens"] = [
            {
                "text": record.text[a:b],
                "start": a,
                "end": b,
                "id": i,
                "ws": record.text[b : b + 1] == " ",
            }
            for i, (a, b) in enumerate(tokens)
        ]
    if record.marks is not None:
        task["spans"] = [
            {"start": m.start, "end": m.end, "label": m.label}
            | ({} if m.start not in first else {"token_start": first[m.start]})
            | ({} if m.end not in last else {"token_end": last[m.end]})
            | ({} if m.confidence is None else {"score": m.confidence})
            for m in record.marks
        ]
    return task


def _tokens(task: Mapping[str, Any], text: str) -> Offsets | None:
    tokens = objects_of(task, "tokens")
    if tokens is None:
        return None
    found = []
    for token in tokens:
        start, end = integer(token, "start"), integer(token, "end")
        if (surface := string(token, "text")) != text[start:end]:
            raise InputError(
                f"the text has {text[start:end][:40]!r} where token {surface[:40]!r} should be",
                hint="was the text edited, or are characters beyond U+FFFF counted as two?",
            )
        if surface.strip():
            found.append((start, end))
    return check_tokens(text, tuple(found))


def _is_prodigy(head: Head) -> bool:
    tokens = head.object.get("tokens")
    own = isinstance(tokens, list) and any(isinstance(t, dict) and "start" in t for t in tokens)
    return "text" in head.object and (own or bool({"_task_hash", "answer"} & {*head.object}))


register(
    Exchange(
        name="prodigy",
        title="Prodigy",
        suffix=".jsonl",
        holds=frozenset(
            {"text", "lines", "edges", "overlaps", "confidences", "tokens", "ids", "unlabelled"}
        ),
        read=read_prodigy,
        write=write_prodigy,
        recognise=_is_prodigy,
    )
)
