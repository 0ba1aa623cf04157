"""BRAT standoff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from sciner.errors import InputError
from sciner.text.formats.brat import WHOLE, read_mentions
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, register
from sciner.text.formats.exchange.files import by_document, file_of, whole
from sciner.text.formats.places import placed
from sciner.text.formats.recognise import beside
from sciner.text.formats.record import Mark, Record


def read_standoff(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read a .txt with its .ann as one document, as ``read_brat`` does; spans may overlap."""
    path = beside(path, ".txt")
    text, mentions = read_mentions(path, None, two_first=True)
    with located(path, 1):
        marks = placed(
            text,
            [Mark(*m.span) for m in mentions],
            [text[m.span.start : m.span.end] for m in mentions],
        )
    if not text.strip():
        raise InputError("no text in it", file=path, hint="expected running text")
    notes.update(+Counter({WHOLE: sum(m.fragmented for m in mentions)}))
    yield Record(path.stem, text, marks)


def write_standoff(path: Path, records: Iterable[Record]) -> None:
    """Write two files per document, with one line per sentence."""
    for document, members in by_document(records):
        record = whole(document, members)
        lines = (
            f"T{n}\t{m.label} {m.start} {m.end}\t{' '.join(record.text[m.start : m.end].split())}\n"
            for n, m in enumerate(record.marks or (), start=1)
        )
        for suffix, content in ((".txt", record.text), (".ann", "".join(lines))):
            place = file_of(path, document, suffix)
            place.write_text(content, encoding="utf-8", newline="")


register(
    Exchange(
        name="brat",
        title="BRAT",
        suffix="",
        holds=frozenset({"text", "lines", "edges", "overlaps", "documents"}),
        read=read_standoff,
        write=write_standoff,
        recognise=lambda head: False,
    )
)
