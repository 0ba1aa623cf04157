"""Files and folders that are either complete or absent."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from sciner.errors import InputError
from sciner.hashing import digest

LONGEST = 240  # bytes of a file name; room is left for a prefix and a suffix


def write_lines(path: str | Path, lines: Iterable[str]) -> None:
    """Write lines of text as UTF-8, each ended by LF; the folder is created if necessary.

    They go to a temporary file in the same folder, which is renamed last. If ``lines`` or the disk
    raises an error, ``path`` stays as it was. A temporary file left by a killed process is
    overwritten.

    Args:
        path: the file; a symbolic link is followed.
        lines: without their ends.

    Raises:
        InputError: ``path`` is a device, a pipe or a folder, which the rename would replace, or its
            folder cannot be written.
        OSError: the disk is full; the error names the file.
    """
    path = Path(os.path.realpath(path))  # resolve() would raise RuntimeError for a loop of links
    if path.exists() and not path.is_file():
        raise InputError(
            "not a regular file, so it cannot be replaced", file=path, hint="choose another file"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place, file = unfinished(path)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", file=path, hint="choose another file"
        ) from None
    try:
        with file:
            file.writelines(f"{line}\n" for line in lines)
        place.replace(path)
    except BaseException as error:
        place.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # for a full disk it is missing
            error.filename = str(path)
        raise


def unfinished(path: Path) -> tuple[Path, TextIO]:
    """Open a new file beside ``path``, locked while it is open.

    Its name is always the same, so that no files accumulate, unless another process is writing
    ``path`` at this moment.

    Returns:
        The place of the file, and the file.
    """
    name = path.name if len(os.fsencode(path.name)) <= LONGEST else digest(path.name)[:32]
    usual, other = path.with_name(f".{name}.tmp"), path.with_name(f".{uuid4().hex}.tmp")
    if file := emptied(usual):
        return usual, file
    return other, other.open("x", encoding="utf-8", newline="\n")


def emptied(place: Path) -> TextIO | None:
    """Open the file at ``place``, new or emptied; None if it is in use or not a regular file."""
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError:
        return None
    file = os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if place.stat().st_ino == os.fstat(descriptor).st_ino:  # not renamed before it was locked
            file.truncate()
            return file
    except OSError:
        pass
    file.close()
    return None


@contextmanager
def complete(place: Path) -> Iterator[Path]:
    """Yield a path beside ``place`` to write a file or folder to; it is renamed to ``place`` last.

    Raises:
        InputError: ``place`` cannot be written.
    """
    if place.exists() and not (place.is_file() or place.is_dir()):
        raise InputError(
            "not a regular file, so it cannot be replaced", file=place, hint="choose another name"
        )
    unfinished = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    absent = [folder for folder in place.parents if not folder.exists()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        if place.is_dir():
            place.rmdir()
        unfinished.replace(place)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", file=place, hint="choose another name"
        ) from None
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        else:
            with suppress(OSError):  # it could not be written either
                unfinished.unlink(missing_ok=True)
        if not place.exists():
            for folder in absent:  # the innermost first
                with suppress(OSError):  # another process may have written into it
                    folder.rmdir()
