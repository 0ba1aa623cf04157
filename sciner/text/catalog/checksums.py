"""Checksums of the files of corpora with many files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("SHA256SUMS")


def checksums(name: str) -> dict[str, str]:
    """SHA-256 by path below the corpus's folder, from the SHA256SUMS beside this file."""
    return {
        path.removeprefix(f"{name}/"): digest
        for digest, path in rows()
        if path.startswith(f"{name}/")
    }


@cache
def rows() -> list[tuple[str, str]]:
    """(digest, path) of every line."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    split = (line.split(maxsplit=1) for line in lines if not line.startswith("#"))
    return [(digest, path) for digest, path in split]
