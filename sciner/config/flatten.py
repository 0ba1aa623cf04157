"""A nested configuration by dotted keys, as a command line names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """``{"data": {"limit": 3}}`` as ``{"data.limit": 3}``; an empty mapping is a value."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping) and value
        found |= flatten(value, f"{above}{key}.") if nested else {f"{above}{key}": value}
    return found
