"""Fields of the JSON objects of tools, and our own fields among them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.places import check_tokens
from sciner.text.formats.record import Record
from sciner.text.formats.running import Offsets

# in every tool's objects: tools keep keys they do not know
OURS = "sciner_id"
TOKENS = "sciner_tokens"


def record_fields(record: Record) -> dict[str, Any]:
    """The id and, where there are any, the tokens of a record, for a tool to keep."""
    return {OURS: record.id} | ({} if record.tokens is None else {TOKENS: record.tokens})


def own_fields(row: Mapping[str, Any], text: str, id_: str) -> tuple[str, Offsets | None]:
    """(id, tokens): what ``record_fields`` wrote; ``id_`` where there is no id."""
    found = row.get(OURS)
    if found is not None and (not isinstance(found, str) or not is_id(found)):
        raise InputError(f'"{OURS}" {str(found)[:40]!r} is no id', hint="restore it as it was")
    return check_id(found or id_), offsets_of(row, TOKENS, text)


def offsets_of(row: Mapping[str, Any], key: str, text: str) -> Offsets | None:
    """The places of tokens in ``text``. Raises InputError for places that are none in it."""
    value = row.get(key)
    if value is None:
        return None
    match value:
        case list() if all(_is_pair(pair) for pair in value):
            return check_tokens(text, tuple((a, b) for a, b in value))
    raise InputError(f'"{key}" is no list of [start, end]', hint="restore it as it was")


def check_id(id_: str) -> str:
    if not is_id(id_):
        raise InputError(f"id {id_[:40]!r} is no name", hint="name it in one line")
    return id_


def is_id(id_: str) -> bool:
    return bool(id_.strip()) and "\0" not in id_ and len(id_.splitlines()) == 1


def string(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        problem = f'no "{key}"' if value is None else f'"{key}" is no string'
        raise InputError(problem, hint="check the format, or name it with --from")
    return value


def integer(row: Mapping[str, Any], key: str) -> int:
    value = row.get(key)
    if type(value) is not int:
        raise InputError(f'"{key}" of a span is no whole number', hint="count characters from 0")
    return value


def objects_of(row: Mapping[str, Any], key: str) -> list[Mapping[str, Any]] | None:
    """The list of objects under ``key``, None where there is no such key."""
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError(f'"{key}" is no list of objects', hint="check the format")
    return value


def confidence(row: Mapping[str, Any], key: str = "score") -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f'"{key}" of a span is no number', hint="write 0 to 1")
    return float(value)


def seconds(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InputError(f'"{key}" is no number of seconds', hint="restore it as it was")
    return float(value)


def as_json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and [type(item) for item in pair] == [int, int]
