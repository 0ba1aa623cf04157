"""Files that are either complete or absent."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from sciner.errors import InputError
from sciner.hashing import digest

LONGEST = 240  # bytes of a name that leave room for a prefix and a suffix


def write_lines(path: str | Path, lines: Iterable[str]) -> None:
    """Write ``lines`` as UTF-8, each ended by LF, making the folder if need be.

    They go to a temporary file in the same folder, which is renamed last: whatever ``lines`` or
    the disk raises, ``path`` stays as it was. What a killed process left of its temporary file
    is overwritten.

    Raises InputError where ``path`` is a device, a pipe or a folder, which a renamed file would
    replace, or in a folder that cannot be written, and OSError, with the file's name, for a full
    disk.
    """
    path = Path(os.path.realpath(path))  # resolve() raises RuntimeError for a loop of links
    if path.exists() and not path.is_file():
        raise InputError(
            "not a regular file, so it is not replaced", file=path, hint="name another file"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place, file = unfinished(path)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", file=path, hint="name another file"
        ) from None
    try:
        with file:
            file.writelines(f"{line}\n" for line in lines)
        place.replace(path)
    except BaseException as error:
        place.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # a full disk does not say whose
            error.filename = str(path)
        raise


def unfinished(path: Path) -> tuple[Path, TextIO]:
    """A new file beside ``path``, locked while it is open. Its name is the same every time, so that
    nothing piles up, unless another process is writing ``path`` just now."""
    name = path.name if len(os.fsencode(path.name)) <= LONGEST else digest(path.name)[:32]
    usual, other = path.with_name(f".{name}.tmp"), path.with_name(f".{uuid4().hex}.tmp")
    if file := emptied(usual):
        return usual, file
    return other, other.open("x", encoding="utf-8", newline="\n")


def emptied(place: Path) -> TextIO | None:
    """The file at ``place``, new or emptied; None where another process holds it, or it is no file
    of ours."""
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError:
        return None
    file = os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if place.stat().st_ino == os.fstat(descriptor).st_ino:  # else renamed before it was locked
            file.truncate()
            return file
    except OSError:
        pass
    file.close()
    return None
