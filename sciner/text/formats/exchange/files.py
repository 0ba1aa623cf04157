"""Formats of one file a document: the name of the file is that of the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sciner.errors import InputError
from sciner.text.formats.record import Record


def by_document(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """(name, its texts in their order) of each document."""
    documents: dict[str, list[Record]] = {}
    for record in records:
        documents.setdefault(record.document, []).append(record)
    yield from documents.items()


def file_of(folder: Path, document: str, suffix: str) -> Path:
    """Where a document is written, its folder made. Raises InputError for a name that leads out of
    ``folder``."""
    parts = PurePosixPath(document).parts
    if not parts or ".." in parts or document.startswith(("/", "~")) or "\0" in document:
        raise InputError(f"document {document!r} names no file below a folder", hint="rename it")
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.with_name(place.name + suffix)


def whole(document: str, records: Iterable[Record]) -> Record:
    """The texts of a document as one, a line end between them."""
    text, marks = "", []
    for record in records:
        begin = len(text) + 1 if text else 0
        text = f"{text}\n{record.text}" if text else record.text
        marks += [m._replace(start=m.start + begin, end=m.end + begin) for m in record.marks or ()]
    return replace(Record(document, text), marks=tuple(marks))
