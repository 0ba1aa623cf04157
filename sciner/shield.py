"""Calls that a signal must not interrupt: it waits until they have returned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_depth = 0
_waiting: list[BaseException] = []


@contextmanager
def shielded() -> Iterator[None]:
    """Make ``interrupt`` wait.

    An interrupted transaction keeps its database locked, also for the process that would close it.
    """
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if _depth == 0 and _waiting:
            raise _waiting.pop()


def interrupt(error: BaseException) -> None:
    """Raise ``error``; within ``shielded``, when that ends."""
    if _depth == 0:
        raise error
    _waiting[:] = [error]
