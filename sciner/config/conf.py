"""Where the files of conf/ lie, and its groups."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"  # inside a wheel, beside a checkout
GROUPS = sorted(p.name for p in CONF.iterdir() if p.is_dir())
