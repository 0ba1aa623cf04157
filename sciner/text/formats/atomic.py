"""Files that are either complete or absent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4


def write_lines(path: str | Path, lines: Iterable[str]) -> None:
    """Write ``lines`` as UTF-8, each ended by LF, making the folder if need be.

    They go to a temporary file in the same folder, which is renamed last: whatever ``lines`` or the disk raises,
    ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid4().hex}.tmp")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
