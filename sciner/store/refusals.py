"""What a file system refuses a store: it costs one warning, and the run goes on without a store."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHILE_WRITING = (  # what a write may meet that does not name its file
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ESTALE,
)


class Refused(OSError):
    """The file system refused an operation of the store: a folder, a lock, a rename."""


@contextmanager
def for_the_store() -> Iterator[None]:
    """Turn every OSError of an operation of the store into Refused."""
    try:
        yield
    except OSError as error:
        raise Refused(error.errno, reason(error)) from error


def refusal_of_a_step(error: Exception, root: Path) -> str | None:
    """Why a step could not write into the store under ``root``; None for any other error."""
    if isinstance(error, Refused):
        return reason(error)
    if isinstance(error, OSError) and error.errno in WHILE_WRITING:
        place = error.filename
        ours = place is None or Path(os.fsdecode(place)).is_relative_to(root)
        return reason(error) if ours else None
    # safetensors has an exception of its own for a full disk
    return "No space left on device" if "os error 28" in str(error) else None


def reason(error: OSError) -> str:
    """The operating system's message, without the path."""
    return error.strerror or str(error) or type(error).__name__
