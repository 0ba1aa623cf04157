"""Formats with one file per document, which is named after the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from sciner.errors import InputError
from sciner.text.formats.record import Mark, Record


def by_document(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Yield each document's name with its texts, in order."""
    documents: dict[str, list[Record]] = {}
    for record in records:
        documents.setdefault(record.document, []).append(record)
    yield from documents.items()


def file_of(folder: Path, document: str, suffix: str) -> Path:
    """The file of a document; its folder is created.

    Raises:
        InputError: the name leads out of ``folder``.
    """
    parts = PurePosixPath(document).parts
    if not parts or ".." in parts or document.startswith(("/", "~")) or "\0" in document:
        raise InputError(
            f"document {document!r} is not the name of a file below the folder", hint="rename it"
        )
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.with_name(place.name + suffix)


def whole(document: str, records: Iterable[Record]) -> Record:
    """Join the texts of a document into one record, with a line end between them."""
    text, marks = "", list[Mark]()
    records = list(records)
    for record in records:
        begin = len(text) + 1 if text else 0
        text = f"{text}\n{record.text}" if text else record.text
        marks += [m._replace(start=m.start + begin, end=m.end + begin) for m in record.marks or ()]
    unlabelled = all(record.marks is None for record in records)
    return Record(document, text, None if unlabelled else tuple(marks))
