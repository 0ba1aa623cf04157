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


def read_lines(path: str | Path) -> Iterator[str]:
    """Lines without their ends (LF or CRLF; nothing else ends a line) and without a byte-order
    mark, one after the other. A file that ends with a line's end has an empty line behind it.

    Raises InputError for a file that cannot be opened or is not UTF-8.
    """
    line = "\n"  # a file without a byte is an empty line
    for line in read_raw_lines(path):
        yield line.removesuffix("\n").removesuffix("\r")
    if line.endswith("\n"):
        yield ""


def read_raw_lines(path: str | Path) -> Iterator[str]:
    """As ``read_lines``, with their ends: joined they are the text of the file."""
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
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"byte 0x{line[error.start]:02x} is not UTF-8"
        raise InputError(
            problem, file=path, line=number, hint="convert the file to UTF-8"
        ) from None
