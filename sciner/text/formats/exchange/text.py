"""Plain text, which stores no spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from sciner.errors import InputError
from sciner.text.formats.exchange.base import Exchange, register
from sciner.text.formats.exchange.files import by_document, file_of, whole
from sciner.text.formats.places import check_text
from sciner.text.formats.record import Record
from sciner.text.formats.source import read_raw_lines


def read_text(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read the file as one document, with its line ends as they are."""
    text = "".join(read_raw_lines(path))
    check_text(text)
    if not text.strip():
        raise InputError("no text in it", file=path, hint="expected text")
    yield Record(path.stem, text)


def write_text(path: Path, records: Iterable[Record]) -> None:
    """Write one file per document, with one line per sentence."""
    for document, members in by_document(records):
        place = file_of(path, document, ".txt")
        place.write_text(whole(document, members).text, encoding="utf-8", newline="")


register(
    Exchange(
        name="text",
        title="plain text",
        suffix="",
        holds=frozenset({"text", "lines", "documents", "unlabelled"}),
        read=read_text,
        write=write_text,
        recognise=lambda head: False,
    )
)
