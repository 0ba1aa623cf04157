"""What a store does, and the store that keeps nothing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sciner.store.step import Result, Step

T = TypeVar("T")


class Store(Protocol):
    """Where steps are looked up.

    Attributes:
        keeps: whether a result is there for the next run.
    """

    keeps: bool

    def run(self, step: Step[T]) -> Result[T]:
        """The step's result, computed if it is not there."""

    def has(self, key: str) -> bool:
        """Is there a result under ``key``?"""

    def discard(self, key: str) -> None:
        """Forget an entry, if it is there."""

    def record(self, archive: Callable[[Path], None]) -> None:
        """Let ``archive`` keep a run's record in a folder of the store."""


class NoStore:
    """Computes every step, and keeps a result no longer than somebody refers to it."""

    keeps = False

    def run(self, step: Step[T]) -> Result[T]:
        # goes with the last reference to it, in the result
        folder = tempfile.TemporaryDirectory(prefix="sciner-")
        began = time.perf_counter()
        step.compute(Path(folder.name))
        seconds = time.perf_counter() - began

        def load() -> T:
            return step.load(Path(folder.name))

        return Result(step.key, False, seconds, load, load)

    def has(self, key: str) -> bool:
        return False

    def discard(self, key: str) -> None: ...

    def record(self, archive: Callable[[Path], None]) -> None: ...
