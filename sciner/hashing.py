"""Identity by value: one spelling for every input, and its checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def canonical(value: Any) -> str:
    """JSON with sorted names and one spelling of everything. Raises TypeError for a type it does
    not know (numpy's scalars, sets, objects) and ValueError for NaN and infinities: a key must not
    depend on how something happens to print."""
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def plain(value: Any) -> Any:
    """``value`` as lists, dictionaries by string, and JSON's scalars. Raises TypeError for what is
    none of these."""
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
    """SHA-256 of many values, a line each, without holding their text at once. The caller answers
    for their types."""
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
