"""doccano's JSON lines for sequence labelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import (
    as_json,
    integer,
    objects_of,
    own_fields,
    record_fields,
    string,
)
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Origin, Record

RELATIONS = "relations left out"


def read_doccano(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one text per object.

    Its spans are triples in "label" (or "labels"), or objects with start_offset, end_offset and
    label in "entities". An object with none of these keys is unlabelled.
    """
    for number, row in read_objects(path):
        with located(path, number):
            text = string(row, "text" if "text" in row else "data")
            id_, tokens = own_fields(row, text, f"{path.stem}.{row.get('id', number)}")
            marks = _marks(row)
            notes.update(+Counter({RELATIONS: len(objects_of(row, "relations") or ())}))
            marks_in_place = None if marks is None else placed(text, marks)
            yield Record(id_, text, marks_in_place, tokens, origin=Origin(number))


def write_doccano(path: Path, records: Iterable[Record]) -> None:
    """Write one text per object, with our id and tokens in keys that doccano keeps and exports."""

    def row(record: Record) -> dict[str, Any]:
        marks = record.marks
        # null: doccano wants the key somewhere in a file
        label = None if marks is None else [[m.start, m.end, m.label] for m in marks]
        return {"text": record.text, "label": label, **record_fields(record)}

    write_lines(path, (as_json(row(record)) for record in records))


def _marks(row: dict[str, Any]) -> list[Mark] | None:
    entities = objects_of(row, "entities")
    if entities is not None:
        return [
            Mark(integer(e, "start_offset"), integer(e, "end_offset"), string(e, "label"))
            for e in entities
        ]
    value = row.get("label", row.get("labels"))
    if value is None:
        return None
    if not isinstance(value, list):
        raise InputError('"label" is not a list', hint='write "label": [[start, end, "name"], ...]')
    return [_mark(item) for item in value]


def _mark(item: object) -> Mark:
    match item:
        case [int(start), int(end), str(label)] if bool not in (type(start), type(end)):
            return Mark(start, end, label)
    raise InputError(f"{str(item)[:40]} is not a span", hint='write [start, end, "name"]')


def _is_doccano(head: Head) -> bool:
    row = head.object
    if "text" not in row and "data" not in row:
        return False
    entities = row.get("entities")
    return (
        isinstance(row.get("label", row.get("labels")), list)
        and (row.get("label", row.get("labels")) == [] or _is_triple(row))
    ) or (
        isinstance(entities, list)
        and any(isinstance(e, dict) and "start_offset" in e for e in entities)
    )


def _is_triple(row: Any) -> bool:
    first = row.get("label", row.get("labels"))[0]
    return isinstance(first, list) and len(first) == 3


register(
    Exchange(
        name="doccano",
        title="doccano",
        suffix=".jsonl",
        holds=frozenset({"text", "lines", "edges", "overlaps", "tokens", "ids", "unlabelled"}),
        read=read_doccano,
        write=write_doccano,
        recognise=_is_doccano,
    )
)
