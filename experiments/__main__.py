"""Render RESULTS.md of every artefact, or of those named, from its figures: `python -m experiments [NAME…]`."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def rendered(name: str) -> str:
    """RESULTS.md as the artefact's ``table.py`` makes it of ``figures.json``."""
    figures = json.loads((HERE / name / "figures.json").read_text(encoding="utf-8"))
    text: str = importlib.import_module(f"experiments.{name}.table").render(figures)
    return text


def names() -> list[str]:
    return sorted(p.parent.name for p in HERE.glob("*/figures.json"))


if __name__ == "__main__":
    for name in sys.argv[1:] or names():
        (HERE / name / "RESULTS.md").write_text(rendered(name), encoding="utf-8")
