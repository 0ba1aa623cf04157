"""PDF, which is only read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sciner.text.formats.exchange.base import Exchange, register
from sciner.text.formats.pdf import EXTRA, LIBRARY, pdf_text
from sciner.text.formats.record import Record


def read_pdf(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read the text of the file as one document."""
    yield Record(path.stem, pdf_text(path).text)


register(
    Exchange(
        name="pdf",
        title="PDF",
        suffix=".pdf",
        holds=frozenset(),
        read=read_pdf,
        write=None,
        recognise=lambda head: head.text.startswith("%PDF-"),
        extra=EXTRA,
        library=LIBRARY,
    )
)
