"""The lines of a text file, whoever wrote it."""

from __future__ import annotations

import codecs
from pathlib import Path

from sciner.errors import InputError


def read_lines(path: str | Path) -> list[str]:
    """Lines without their ends (LF or CRLF; nothing else ends a line) and without a byte-order mark.

    Raises InputError for a file that cannot be opened or is not UTF-8.
    """
    try:
        raw = Path(path).read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path, mend="check the path and its rights") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise InputError(problem, file=path, line=line, mend="convert the file to UTF-8") from None
    return [line.removesuffix("\r") for line in text.split("\n")]
