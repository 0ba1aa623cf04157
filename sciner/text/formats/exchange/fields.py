"""Fields of the tools' JSON objects, and our own fields among them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, TypeGuard

from sciner.errors import InputError
from sciner.text.formats.places import check_tokens
from sciner.text.formats.record import Record
from sciner.text.formats.running import Offsets

# written into the objects of every tool, because tools keep unknown keys
OURS = "sciner_id"
TOKENS = "sciner_tokens"


def record_fields(record: Record) -> dict[str, Any]:
    """The id and, if known, the tokens of a record, for a tool to keep."""
    return {OURS: record.id} | ({} if record.tokens is None else {TOKENS: record.tokens})


def own_fields(row: Mapping[str, Any], text: str, id_: str) -> tuple[str, Offsets | None]:
    """The id and the tokens that ``record_fields`` wrote.

    Args:
        row: an object of the tool.
        text: of the record.
        id_: used if the object has no id of ours.

    Raises:
        InputError: the id or the tokens were edited and no longer fit.
    """
    found = row.get(OURS)
    if found is not None and (not isinstance(found, str) or not is_id(found)):
        raise InputError(
            f'"{OURS}" {str(found)[:40]!r} is not a valid id', hint="restore the original value"
        )
    return check_id(found or id_), offsets_of(row, TOKENS, text)


def offsets_of(row: Mapping[str, Any], key: str, text: str) -> Offsets | None:
    """The places of tokens under a key of an object; None if the key is missing.

    Raises:
        InputError: they are not places in ``text``.
    """
    value = row.get(key)
    if value is None:
        return None
    match value:
        case list() if all(_is_pair(pair) for pair in value):
            return check_tokens(text, tuple((a, b) for a, b in value))
    raise InputError(f'"{key}" is not a list of [start, end]', hint="restore the original value")


def check_id(id_: str) -> str:
    """Raise InputError for an id that is not one line of text."""
    if not is_id(id_):
        raise InputError(f"id {id_[:40]!r} is not a valid name", hint="use one line of text")
    return id_


def is_id(id_: str) -> bool:
    """Whether ``id_`` is one non-blank line without NUL."""
    return bool(id_.strip()) and "\0" not in id_ and len(id_.splitlines()) == 1


def string(row: Mapping[str, Any], key: str) -> str:
    """The string under a key; raises InputError if it is missing or not a string."""
    value = row.get(key)
    if not isinstance(value, str):
        problem = f'no "{key}"' if value is None else f'"{key}" is not a string'
        raise InputError(problem, hint="check the format, or name it with --from")
    return value


def integer(row: Mapping[str, Any], key: str) -> int:
    """The integer under a key of a span; raises InputError if it is missing or not an integer."""
    value = row.get(key)
    if type(value) is not int:
        raise InputError(f'"{key}" of a span is not an integer', hint="count characters from 0")
    return value


def objects_of(row: Mapping[str, Any], key: str) -> list[Mapping[str, Any]] | None:
    """The list of objects under a key; None if the key is missing.

    Raises:
        InputError: the value is not a list of objects.
    """
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError(f'"{key}" is not a list of objects', hint="check the format")
    return value


def confidence(row: Mapping[str, Any], key: str = "score") -> float | None:
    """The confidence of a span; None if the key is missing.

    Raises:
        InputError: it is not a number.
    """
    value = row.get(key)
    if value is None:
        return None
    if not is_number(value):
        raise InputError(f'"{key}" of a span is not a number', hint="write 0 to 1")
    return float(value)


def seconds(row: Mapping[str, Any], key: str) -> float | None:
    """The number of seconds under ``key``; None if there is none."""
    value = row.get(key)
    if value is None:
        return None
    if not is_number(value) or not value >= 0:
        raise InputError(f'"{key}" is not a number of seconds', hint="restore it as it was")
    return float(value)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that a float can hold: JSON also allows integers of 400 digits."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def as_json(row: Mapping[str, Any]) -> str:
    """The object as one line of JSON, in UTF-8 and without NaN."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and [type(item) for item in pair] == [int, int]
