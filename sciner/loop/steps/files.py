"""Results that are small: JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_json(file: Path, value: Any) -> None:
    """Write ``value``. Raises ValueError for NaN and infinities."""
    file.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read_json(file: Path) -> Any:
    """What ``write_json`` wrote."""
    return json.loads(file.read_text(encoding="utf-8"))
