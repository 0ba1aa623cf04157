"""Argilla 2's records, as `dataset.records.to_json` writes and `from_json` reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import as_json, check_id, integer, objects_of, string
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Origin, Record

FURTHER = "further responses to a record left out: the first is read"
SUGGESTED = "texts whose suggestions are read, since they have no response"
FIELD, QUESTION = "text", "span"


def read_argilla(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read the first response to the span question of each record.

    A record without one gives its suggestion, with scores; with neither it is unlabelled.
    """
    for number, row in read_objects(path):
        with located(path, number):
            text = string(_part(row, "fields"), FIELD)
            id_ = check_id(str(row.get("id") or f"{path.stem}.{number}"))
            answers = [
                answer
                for question in _part(row, "responses")
                for answer in objects_of(row["responses"], question) or ()
                if _is_spans(answer.get("value"))
            ]
            notes.update(+Counter({FURTHER: len(answers) - 1}))
            suggestions = [s for s in _part(row, "suggestions").values() if _is_suggestion(s)]
            origin = Origin(number, suggested=bool(suggestions and not answers))
            notes[SUGGESTED] += origin.suggested
            chosen = next(iter(answers or suggestions), None)
            marks = None if chosen is None else placed(text, _marks(chosen))
            yield Record(id_, text, marks, origin=origin)


def write_argilla(path: Path, records: Iterable[Record]) -> None:
    """Write spans as suggestions for a TextField "text" and a SpanQuestion "span".

    They are not responses, because a response needs a user.
    """
    rows = [as_json(_row(record)) for record in records]
    ends = [","] * (len(rows) - 1) + [""]
    write_lines(path, ["[", *(row + end for row, end in zip(rows, ends, strict=True)), "]"])


def _row(record: Record) -> dict[str, Any]:
    suggestions: dict[str, Any] = {}
    if record.marks is not None:
        value = [{"start": m.start, "end": m.end, "label": m.label} for m in record.marks]
        scores = [m.confidence for m in record.marks]
        score = None if all(s is None for s in scores) else scores
        suggestions[QUESTION] = {"value": value, "score": score, "agent": "sciner"}
    parts: dict[str, Any] = {"metadata": {}, "suggestions": suggestions, "responses": {}}
    return {"id": record.id, "fields": {FIELD: record.text}, **parts, "vectors": {}}


def _part(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = row.get(key) or {}
    if not isinstance(value, dict):
        raise InputError(f'"{key}" is not an object', hint="export the records again")
    return value


def _marks(answer: Mapping[str, Any]) -> list[Mark]:
    spans, score = answer["value"], answer.get("score")
    scores = score if isinstance(score, list) else [None] * len(spans)
    if len(scores) != len(spans) or any(type(s) not in (float, int, type(None)) for s in scores):
        raise InputError(
            '"score" does not have one number per span', hint="export the records again"
        )
    return [
        Mark(integer(s, "start"), integer(s, "end"), string(s, "label"), sure)
        for s, sure in zip(spans, scores, strict=True)
    ]


def _is_suggestion(suggestion: object) -> bool:
    return isinstance(suggestion, dict) and _is_spans(suggestion.get("value"))


def _is_spans(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) and "start" in v for v in value)


def _is_argilla(head: Head) -> bool:
    return isinstance(head.object.get("fields"), dict) and "suggestions" in head.object


register(
    Exchange(
        name="argilla",
        title="Argilla",
        suffix=".json",
        holds=frozenset({"text", "lines", "edges", "overlaps", "confidences", "ids", "unlabelled"}),
        read=read_argilla,
        write=write_argilla,
        recognise=_is_argilla,
    )
)
