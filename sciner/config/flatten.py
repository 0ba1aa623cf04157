"""A nested configuration as words of a command line: dotted keys, values as Hydra reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Flatten nested mappings into dotted keys; an empty mapping is a value.

    >>> flatten({"data": {"limit": 3}})
    {'data.limit': 3}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping) and value
        found |= flatten(value, f"{above}{key}.") if nested else {f"{above}{key}": value}
    return found


def word(value: Any) -> str:
    """A value as Hydra reads it on a command line.

    >>> word(None), word(True), word(["a", "b"])
    ('null', 'true', '[a,b]')
    """
    if isinstance(value, list):
        return f"[{','.join(map(word, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
