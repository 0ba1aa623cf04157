"""The objects of a JSON file: one per line, or all in one list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.check import located
from sciner.text.formats.fields import parse_object
from sciner.text.formats.source import read_lines, read_raw_lines

LONGEST = 10_000_000  # characters of an object
SPACE = re.compile(r"[ \t\r\n]*")


def read_objects(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line and the content of each object.

    Raises:
        InputError: something is not an object, or has more than 10,000,000 characters.
    """
    if _begins(path) == "[":
        yield from _listed(path)
        return
    empty = True
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        with located(path, number):
            _check_length(len(line))
            yield number, parse_object(line)
        empty = False
    if empty:
        raise InputError("no text in it", file=path, hint="expected JSON objects")


def _begins(path: str | Path) -> str:
    return next((line.lstrip()[0] for line in read_raw_lines(path) if line.strip()), "")


def _listed(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    text = "".join(read_raw_lines(path))
    decoder = json.JSONDecoder()
    at, line, counted = _skip(text, text.index("[") + 1), 1, 0
    while not text.startswith("]", at):
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise InputError(
                f"invalid JSON at column {error.colno} ({error.msg})",
                file=path,
                line=error.lineno,
                hint="correct the list of objects",
            ) from None
        except (ValueError, RecursionError):
            problem = "JSON with a giant number or deep nesting"
            raise InputError(problem, file=path, line=line, hint="correct it") from None
        with located(path, line):
            _check_length(end - at)
            if not isinstance(value, dict):
                raise InputError(
                    f"a JSON {type(value).__name__} instead of an object", hint="list objects only"
                )
        yield line, value
        at = _skip(text, end)
        if text.startswith(",", at):
            at = _skip(text, at + 1)
        elif not text.startswith("]", at):
            last = text.count("\n", 0, at) + 1
            raise InputError(
                "the list of objects has no end", file=path, line=last, hint="is the file complete?"
            )


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _check_length(length: int) -> None:
    if length > LONGEST:
        raise InputError(f"an object of {length:,} characters", hint="write one text per object")
