"""Plain text, which is only read: it stores no spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sciner.errors import InputError
from sciner.text.formats.exchange.base import Exchange, register
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


register(
    Exchange(
        name="text",
        title="plain text",
        suffix=".txt",
        holds=frozenset(),
        read=read_text,
        write=None,
        recognise=lambda head: False,
    )
)
