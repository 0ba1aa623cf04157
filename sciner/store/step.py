"""A computation that a store may skip, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sciner.hashing import digest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """A computation that a store may skip. version: see ``key_of``. make: compute, and write into an empty folder."""

    name: str
    version: int
    inputs: Mapping[str, Any]
    make: Callable[[Path], None]

    @property
    def key(self) -> str:
        return key_of(self.name, self.version, self.inputs)


Lend = Callable[[Callable[[Path], Any]], Any]  # calls a function of the entry's folder, and returns what it returns


@dataclass(frozen=True, slots=True)
class Result:
    """A step's outcome. hit: nothing was computed. seconds: what computing it took, now or then.

    The value is not held here: ``read`` reads it from where it lies. A computed value is read as a stored one is, so that a
    hit cannot differ from a miss.
    """

    key: str
    hit: bool
    seconds: float
    lend: Lend

    def read(self, reader: Callable[[Path], T]) -> T:
        """What ``reader`` makes of the step's folder."""
        found: T = self.lend(reader)
        return found

    def stream(self, reader: Callable[[Path], Iterator[T]]) -> Iterator[T]:
        """What ``reader`` yields of the step's folder, without holding it all. If the entry goes meanwhile it is computed
        once more, and read on from there."""
        told = 0
        for again in (True, False):
            try:
                for value in islice(self.read(reader), told, None):
                    told += 1
                    yield value
                return
            except FileNotFoundError:
                if not again:
                    raise


def key_of(step: str, version: int, inputs: Mapping[str, Any]) -> str:
    """``step-v<version>-<sha256 of the inputs>``. The version is raised by hand where a step's meaning changes; no source
    code is hashed."""
    return f"{step}-v{version}-{digest(inputs)}"
