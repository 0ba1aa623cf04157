"""A nested configuration as words of a command line: dotted keys, and values as Hydra reads
them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """``{"data": {"limit": 3}}`` as ``{"data.limit": 3}``; an empty mapping is a value."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping) and value
        found |= flatten(value, f"{above}{key}.") if nested else {f"{above}{key}": value}
    return found


def word(value: Any) -> str:
    """As Hydra reads it on a command line: null, true, [a,b], 0.8."""
    if isinstance(value, list):
        return f"[{','.join(map(word, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
