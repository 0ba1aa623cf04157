"""The fields of a JSON object: strings, lists of strings and spans, each of its kind or refused."""

from __future__ import annotations

import json
import reprlib
from sys import intern
from typing import Any

from sciner.errors import InputError
from sciner.text.spans import Span


def parse_object(line: str) -> dict[str, Any]:
    """Parse a line as one JSON object.

    Raises:
        InputError: it is not valid JSON, or not an object.
    """
    try:
        row = json.loads(line)
        if "\\u" in line:  # json accepts an escaped lone surrogate, which UTF-8 cannot store
            json.dumps(row, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise InputError(
            f"invalid JSON at column {error.colno} ({error.msg})", hint="write one object per line"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(
            "JSON with a lone surrogate, a giant number or deep nesting", hint="correct the line"
        ) from None
    if not isinstance(row, dict):
        raise InputError(
            f"a JSON {type(row).__name__} instead of an object", hint="write one object per line"
        )
    return row


def text_of(row: dict[str, Any], key: str) -> str | None:
    """The string under a key; None if the key is missing.

    Raises:
        InputError: it is not a string.
    """
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f'"{key}" is not a string', hint="put it in quotes")
    return value


def strings_of(row: dict[str, Any], key: str) -> tuple[str, ...] | None:
    """The strings of the list under a key; None if the key is missing.

    Raises:
        InputError: it is not a list of strings.
    """
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f'"{key}" is not a list of strings', hint=f'write "{key}": ["...", "..."]')
    return tuple(map(intern, value))  # a large pool repeats each word many times


def spans_of(row: dict[str, Any], key: str) -> tuple[Span, ...] | None:
    """The spans under a key of an object; None if the key is missing.

    Raises:
        InputError: they are not triples, or objects with start, end and label.
    """
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list):
        raise InputError(
            f'"{key}" is not a list', hint=f'write "{key}": [[start, end, "label"], ...]'
        )
    return tuple(_span(item) for item in value)


def _span(item: object) -> Span:
    parts = [item.get(name) for name in Span._fields] if isinstance(item, dict) else item
    match parts:
        # in Python a bool is an int
        case [int(start), int(end), str(label)] if not isinstance(start, bool) and not isinstance(
            end, bool
        ):
            return Span(start, end, label)
    raise InputError(f"{reprlib.repr(item)} is not a span", hint='write [start, end, "label"]')
