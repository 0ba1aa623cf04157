"""Read the lines of a PDF with PDFium: ``python -P pdf_process.py FILE``.

This is a process of its own, and imports nothing of sciner: what a hostile file can exhaust or
crash is this process. It prints one JSON object, {"pages": [[[text, size, baseline], ...], ...]} or
{"problem": ..., "hint": ...}.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from ctypes import byref, c_double
from statistics import median
from typing import Any

MEMORY = 2**30  # bytes
SECONDS = 30  # of a processor
LONGEST = 20_000_000  # characters
SAMPLED = 15  # characters of a line that are asked for their size
LINE_ENDS = "\r\n\x02"  # U+0002 is a hyphen after which a line ends
DAMAGED = "the PDF is damaged", "open it in another program and save it again"
# by the error codes of PDFium
PROBLEMS = {
    3: ("not a PDF, or a damaged one", DAMAGED[1]),
    4: ("the PDF is encrypted", "save it without a password"),
    5: ("the PDF's encryption is not known", "save it without a password"),
}


def pages_of(file: str) -> Iterator[list[tuple[str, float, float]]]:
    """Yield the lines of each page: the text, the size of its letters, and its baseline.

    Args:
        file: the PDF.
    """
    import pypdfium2

    with pypdfium2.PdfDocument(file) as document:
        for number in range(len(document)):
            page = document[number]
            text = page.get_textpage()
            yield list(lines_of(text.raw))
            text.close()
            page.close()


def lines_of(text: Any) -> Iterator[tuple[str, float, float]]:
    """Yield the lines of a page.

    Args:
        text: PDFium's text page.
    """
    from pypdfium2.raw import FPDFText_CountChars, FPDFText_GetUnicode

    characters = [chr(FPDFText_GetUnicode(text, i)) for i in range(FPDFText_CountChars(text))]
    begin = 0
    for i, character in enumerate([*characters, "\n"], start=1):
        if character not in LINE_ENDS:
            continue
        solid = [at for at, c in enumerate(characters[begin:i], start=begin) if not c.isspace()]
        if solid:
            size = median(size_of(text, at) for at in solid[:: len(solid) // SAMPLED + 1])
            yield "".join(characters[begin:i]), size, baseline_of(text, solid[0])
        begin = i


def size_of(text: Any, index: int) -> float:
    """The size of a character in points, as it is shown."""
    from pypdfium2.raw import FS_MATRIX, FPDFText_GetFontSize, FPDFText_GetMatrix

    matrix, size = FS_MATRIX(), float(FPDFText_GetFontSize(text, index))
    if not FPDFText_GetMatrix(text, index, byref(matrix)):
        return size
    return float(size * (matrix.c**2 + matrix.d**2) ** 0.5)


def baseline_of(text: Any, index: int) -> float:
    """The height of a character above the bottom of the page, in points."""
    from pypdfium2.raw import FPDFText_GetCharOrigin

    x, y = c_double(), c_double()
    FPDFText_GetCharOrigin(text, index, byref(x), byref(y))
    return y.value


def main(file: str) -> dict[str, Any]:
    """The JSON object for a file."""
    from pypdfium2 import PdfiumError

    pages: list[list[tuple[str, float, float]]] = []
    length = 0
    try:
        for lines in pages_of(file):
            pages.append(lines)
            length += sum(len(text) for text, _, _ in lines)
            if length > LONGEST:
                problem = f"the PDF has more than {LONGEST:,} characters"
                return {"problem": problem, "hint": "divide it"}
    except PdfiumError as error:
        problem, hint = PROBLEMS.get(error.err_code, DAMAGED)
        return {"problem": problem, "hint": hint}
    return {"pages": pages}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(main(sys.argv[1]), sys.stdout)
