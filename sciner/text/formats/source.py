"""The lines of a text file, and the places of files."""

from __future__ import annotations

import codecs
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

from sciner.errors import InputError

LEFT_OUT: ContextVar[Mapping[str, Collection[int]]] = ContextVar(
    "LEFT_OUT", default=MappingProxyType({})
)

PACKED = (b"\x1f\x8b", b"PK\x03\x04")  # first bytes of gzip and zip files


def read_lines(path: str | Path) -> Iterator[str]:
    """Yield lines without their ends (LF or CRLF only) and without a byte-order mark.

    A file that ends with a line end yields an empty last line.

    Raises:
        InputError: the file cannot be opened, is not UTF-8, or has a carriage return within a line:
            a file whose lines all end that way would look like a single line.
    """
    line = "\n"  # an empty file yields one empty line
    for number, line in enumerate(read_raw_lines(path), start=1):
        if "\r" in line and "\r" in line.strip():
            hint = "end lines with LF or CRLF"
            raise InputError(
                "a carriage return without a line feed", file=path, line=number, hint=hint
            )
        yield line.removesuffix("\n").removesuffix("\r")
    if line.endswith("\n"):
        yield ""


def read_raw_lines(path: str | Path) -> Iterator[str]:
    """Yield lines with their ends; joined, they are the text of the file.

    Carriage returns may be anywhere.

    Raises:
        InputError: the file cannot be opened or is not UTF-8.
    """
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
    """Read files as if some of their lines were blank.

    Args:
        lines: {path: line numbers, counted from 1}.
    """
    token = LEFT_OUT.set(lines)
    try:
        yield
    finally:
        LEFT_OUT.reset(token)


def with_name(file: Path) -> Path:
    """The same file, if its name can be written into outputs.

    Raises:
        InputError: it cannot, because it is not UTF-8.
    """
    try:
        str(file).encode()
    except UnicodeEncodeError:
        raise InputError("its name is not UTF-8", file=file, hint="rename it") from None
    return file


def home(path: str | Path, hint: str = "check the name behind ~") -> Path:
    """Replace ~ in a path by the user's folder.

    Args:
        path: with or without ~.
        hint: for a user that does not exist.

    Raises:
        InputError: there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError("no such home folder", file=path, hint=hint) from None


def cache_folder() -> Path:
    """The folder of downloads and of extracted text: ``SCINER_DATA``, or ``~/.cache/sciner``.

    Raises:
        InputError: there is no home folder.
    """
    return home(os.environ.get("SCINER_DATA") or "~/.cache/sciner", "set SCINER_DATA to a folder")


def _text(line: bytes, path: str | Path, number: int) -> str:
    hint = "unpack the file" if line.startswith(PACKED) else "convert the file to UTF-8"
    if number == 1 and b"\0" in line[:2]:  # UTF-16 without a byte-order mark is valid UTF-8
        raise InputError("the file is UTF-16, not UTF-8", file=path, line=number, hint=hint)
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"byte 0x{line[error.start]:02x} is not UTF-8"
        raise InputError(problem, file=path, line=number, hint=hint) from None
