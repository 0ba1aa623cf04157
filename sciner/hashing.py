"""Identity by value: canonical JSON and its checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def canonical(value: Any) -> str:
    """JSON with sorted names and one spelling for every value.

    Raises:
        TypeError: a type that it does not know (numpy's scalars, sets, objects).
        ValueError: NaN or an infinity.

    >>> canonical({"b": [1, 2.0], "a": None})
    '{"a":null,"b":[1,2.0]}'
    """
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def plain(value: Any) -> Any:
    """``value`` as lists, dictionaries with string keys, and JSON's scalars.

    Raises:
        TypeError: it is none of these.
    """
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        if stray := next((name for name in value if type(name) is not str), None):
            raise TypeError(f"{stray!r} cannot be a name in a key: names are strings")
        return {name: plain(item) for name, item in value.items()}
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be part of a key")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


# json.dumps with these settings makes an encoder for every row
ROW = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest_of_rows(rows: Iterable[Any]) -> str:
    """SHA-256 of many values, one per line, without holding their text at once.

    The caller is responsible for their types.
    """
    whole = hashlib.sha256()
    for row in rows:
        whole.update(ROW.encode(row).encode() + b"\n")
    return whole.hexdigest()


def checksum_of(data: bytes) -> str:
    """SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def checksum(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
