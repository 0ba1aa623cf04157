"""The lines of a text file, whoever wrote it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from sciner.errors import InputError


def read_lines(path: str | Path) -> Iterator[str]:
    """Lines without their ends (LF or CRLF; nothing else ends a line) and without a byte-order mark, one after the other. A
    file that ends with a line's end has an empty line behind it.

    Raises InputError for a file that cannot be opened or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            line = b"\n"  # a file without a byte is an empty line
            for number, line in enumerate(file, start=1):
                yield _text(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line, path, number)
            if line.endswith(b"\n"):
                yield ""
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path, hint="check the path and its rights") from None


def _text(line: bytes, path: str | Path, number: int) -> str:
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        problem = f"byte 0x{line[error.start]:02x} is not UTF-8"
        raise InputError(problem, file=path, line=number, hint="convert the file to UTF-8") from None
