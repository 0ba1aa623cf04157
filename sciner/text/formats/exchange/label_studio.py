"""Label Studio's JSON and JSON-MIN (its CoNLL export is CoNLL)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import (
    as_json,
    confidence,
    integer,
    objects_of,
    own_fields,
    record_fields,
    seconds,
    string,
)
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Origin, Record

CANCELLED = "skipped annotations left out"
FURTHER = "further annotations of a task left out: the first is read"
OTHERS = "results that are no spans left out"
PREDICTED = "texts whose predictions are read, since they have no annotation"
# <View><Labels name="label" toName="text">…</Labels><Text name="text" value="$text"/></View>
FROM, TO = "label", "text"
Region = tuple[Mapping[str, Any], Mapping[str, Any]]  # a result and its value


def read_label_studio(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one task per object, in JSON or JSON-MIN.

    Its first annotation that was not skipped is read; without one, its first prediction, with
    scores; with neither it is unlabelled.
    """
    for number, task in read_objects(path):
        with located(path, number):
            yield record_of_task(task, path.stem, number, notes)


def record_of_task(
    task: Mapping[str, Any], stem: str, number: int | None, notes: Counter[str]
) -> Record:
    """Read one task, as ``read_label_studio`` does.

    Args:
        task: in JSON or JSON-MIN.
        stem: of the file, the first part of an id that is not ours.
        number: of the task's line.
        notes: counts what is left out.
    """
    data = task.get("data", task)
    if not isinstance(data, dict):
        raise InputError('"data" is not an object', hint='write "data": {"text": "..."}')
    text = string(data, "text")
    id_, tokens = own_fields(data, text, f"{stem}.{task.get('id', data.get('id', number))}")
    try:
        full = "data" in task
        chosen, suggested = _chosen(task, notes) if full else (task, False)
        regions = _regions(chosen, notes) if full else _short(task)
        marks = None if regions is None else _placed(text, regions, notes)
        origin = Origin(number, seconds(chosen or {}, "lead_time"), suggested)
    except InputError as error:
        raise InputError(f"task {task.get('id', id_)}: {error}") from None
    return Record(id_, text, marks, tokens, origin=origin)


def write_label_studio(path: Path, records: Iterable[Record]) -> None:
    """Write tasks to import: spans as an annotation, or as a prediction if any has a confidence."""
    write_tasks(path, [as_json(task_of(record)) for record in records])


def write_tasks(path: Path, tasks: Sequence[str]) -> None:
    """Write tasks, each in JSON, on the lines of a list."""
    write_lines(path, ["[", *(f"{task}," for task in tasks[:-1]), *tasks[-1:], "]"])


def task_of(record: Record) -> dict[str, Any]:
    """Make the task that ``write_label_studio`` writes of a record."""
    data = {"text": record.text, **record_fields(record)}
    if record.marks is None:
        return {"data": data}
    result = [_region(n, mark, record.text) for n, mark in enumerate(record.marks)]
    sure = [m.confidence for m in record.marks if m.confidence is not None]
    if not sure:
        time = record.origin.seconds
        spent = {} if time is None else {"lead_time": time}
        return {"data": data, "annotations": [{"result": result, **spent}]}
    prediction = {"model_version": "sciner", "score": min(sure), "result": result}
    return {"data": data, "predictions": [prediction]}


def _region(number: int, mark: Mark, text: str) -> dict[str, Any]:
    held = text[mark.start : mark.end]
    value = {"start": mark.start, "end": mark.end, "text": held, "labels": [mark.label]}
    score = {} if mark.confidence is None else {"score": mark.confidence}
    head = {"id": f"s{number}", "from_name": FROM, "to_name": TO, "type": "labels"}
    return {**head, "value": value, **score}


def _chosen(task: Mapping[str, Any], notes: Counter[str]) -> tuple[Mapping[str, Any] | None, bool]:
    """The annotation that is read, or else the prediction; and whether it is the latter."""
    done = [a for a in objects_of(task, "annotations") or () if not a.get("was_cancelled")]
    skipped = len(objects_of(task, "annotations") or ()) - len(done)
    notes.update(+Counter({CANCELLED: skipped, FURTHER: max(0, len(done) - 1)}))
    predictions = [] if done else objects_of(task, "predictions") or []
    if predictions:
        notes.update(+Counter({PREDICTED: 1, FURTHER: len(predictions) - 1}))
    return next(iter(done or predictions), None), bool(predictions)


def _regions(chosen: Mapping[str, Any] | None, notes: Counter[str]) -> list[Region] | None:
    """What an annotation holds; None where there is none."""
    if chosen is None:
        return None
    found: list[Region] = []
    for result in objects_of(chosen, "result") or ():
        value = result.get("value")
        if result.get("type") == "hypertextlabels":
            raise InputError(
                "labels of HTML, which do not count characters of the text",
                hint="label plain text: <Text>, not <HyperText>",
            )
        if not isinstance(value, dict) or result.get("type", "labels") != "labels":
            notes[OTHERS] += 1
        else:
            found.append((result, value))
    return found


def _short(task: Mapping[str, Any]) -> list[Region] | None:
    """The same for JSON-MIN: lists of values under the name of the control tag."""
    lists = [
        value
        for value in task.values()
        if isinstance(value, list) and value and all(_is_value(item) for item in value)
    ]
    if not lists:
        return [] if "annotation_id" in task else None
    return [(value, value) for values in lists for value in values]


def _is_value(item: object) -> bool:
    return isinstance(item, dict) and {"start", "end", "labels"} <= {*item}


def _placed(
    text: str,
    regions: list[Region],
    notes: Counter[str],
) -> tuple[Mark, ...]:
    marks, surfaces = [], []
    for result, value in regions:
        labels = value.get("labels")
        if not isinstance(labels, list) or not labels or not all(type(n) is str for n in labels):
            raise InputError('"labels" of a span is not a list of names', hint="give it a label")
        surface = value.get("text")
        for label in labels:
            start, end = integer(value, "start"), integer(value, "end")
            marks.append(Mark(start, end, label, confidence(result)))
            surfaces.append(surface if isinstance(surface, str) else None)
    return placed(text, marks, surfaces)


def _is_label_studio(head: Head) -> bool:
    row = head.object
    if isinstance(row.get("data"), dict):
        return "text" in row["data"]
    return "annotation_id" in row and "text" in row


register(
    Exchange(
        name="label_studio",
        title="Label Studio",
        suffix=".json",
        holds=frozenset(
            {"text", "lines", "edges", "overlaps", "confidences", "tokens", "ids", "unlabelled"}
        ),
        read=read_label_studio,
        write=write_label_studio,
        recognise=_is_label_studio,
    )
)
