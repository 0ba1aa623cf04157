"""The lines of a text file, whoever wrote it."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

from sciner.errors import InputError

LEFT_OUT: ContextVar[Mapping[str, Collection[int]]] = ContextVar(
    "LEFT_OUT", default=MappingProxyType({})
)

PACKED = (b"\x1f\x8b", b"PK\x03\x04")  # how gzip and zip begin


def read_lines(path: str | Path) -> Iterator[str]:
    """Lines without their ends (LF or CRLF; nothing else ends a line) and without a byte-order
    mark, one after the other. A file that ends with a line's end has an empty line behind it.

    Raises InputError for a file that cannot be opened or is not UTF-8, and for a carriage return
    within a line: the lines of a file that ends them so would pass for one.
    """
    line = "\n"  # a file without a byte is an empty line
    for number, line in enumerate(read_raw_lines(path), start=1):
        if "\r" in line and "\r" in line.strip():
            hint = "end lines with LF or CRLF"
            raise InputError("a carriage return alone", file=path, line=number, hint=hint)
        yield line.removesuffix("\n").removesuffix("\r")
    if line.endswith("\n"):
        yield ""


def read_raw_lines(path: str | Path) -> Iterator[str]:
    """As ``read_lines``, with their ends and carriage returns anywhere: joined they are the text of
    the file."""
    try:
        with Path(path).open("rb") as file:
            left_out = LEFT_OUT.get().get(str(path), ())
            for number, line in enumerate(file, start=1):
                if number in left_out:
                    yield "\n"
                    continue
                yield _text(
                    line.removeprefix(codecs.BOM_UTF8) if number == 1 else line, path, number
                )
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=path, hint="check the path and its rights"
        ) from None


@contextmanager
def without_lines(lines: Mapping[str, Collection[int]]) -> Iterator[None]:
    """Files, by path, are read as if their ``lines`` were blank."""
    token = LEFT_OUT.set(lines)
    try:
        yield
    finally:
        LEFT_OUT.reset(token)


def home(path: str | Path, hint: str = "check the name behind ~") -> Path:
    """``path`` with ~ as the user's folder. Raises InputError for the ~ of nobody."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError("no such home folder", file=path, hint=hint) from None


def _text(line: bytes, path: str | Path, number: int) -> str:
    hint = "unpack the file" if line.startswith(PACKED) else "convert the file to UTF-8"
    if number == 1 and b"\0" in line[:2]:  # without a byte-order mark it is valid UTF-8
        raise InputError("UTF-16 is not UTF-8", file=path, line=number, hint=hint)
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"byte 0x{line[error.start]:02x} is not UTF-8"
        raise InputError(problem, file=path, line=number, hint=hint) from None
