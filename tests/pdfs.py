"""Small PDF files, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Shown(NamedTuple):
    """A line on a page: its text in Latin-1, with \\x01 for the ligature fi; and its place in
    points."""

    text: str
    y: float
    x: float = 72
    size: float = 10


FONT = (
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica"
    b"/Encoding<</BaseEncoding/WinAnsiEncoding/Differences[1/fi]>>>>"
)


def pdf(*pages: Sequence[Shown]) -> bytes:
    """A PDF with these lines."""
    contents = [b"BT " + b" ".join(map(operators, page)) + b" ET" for page in pages]
    first = 4  # the number of the first page
    kids = b" ".join(b"%d 0 R" % (first + 2 * i) for i in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),
        FONT,
    ]
    for i, content in enumerate(contents):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>"
            b"/Contents %d 0 R>>" % (first + 2 * i + 1)
        )
        objects.append(stream(content))
    return assembled(objects)


def operators(line: Shown) -> bytes:
    text = line.text.encode("latin-1")
    for reserved in (b"\\", b"(", b")"):
        text = text.replace(reserved, b"\\" + reserved)
    return b"/F %g Tf 1 0 0 1 %g %g Tm (%s) Tj" % (line.size, line.x, line.y, text)


def stream(content: bytes, more: bytes = b"") -> bytes:
    """An object with a stream."""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), more, content)


def assembled(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1; the first is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + end % (size, trailer, len(out))
    )
