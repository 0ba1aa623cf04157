"""Steps: computations that a store may skip, and their results."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from sciner.hashing import digest

T = TypeVar("T")
Item = TypeVar("Item")

KEY = re.compile(r"[a-z_]+-v\d+-[0-9a-f]{64}")


class Step(ABC, Generic[T]):
    """A computation that a store may skip; ``T`` is its result.

    A kind of step is a class, a frozen dataclass of all that it is computed from; one computation
    is an object of it. Everything else about a step is derived from its class: the versions that
    ``sciner store stats`` counts, the figures that ``show`` prints, what ``diff`` says about an
    input, and the table in docs/store.md.
    """

    NAME: ClassVar[str]
    """What its keys begin with: lower case and underscores."""

    VERSION: ClassVar[int]
    """Raised by hand where the step's meaning changes, or what its result depends on: what older
    versions stored is then no longer found."""

    INPUTS: ClassVar[Mapping[str, str]]
    """What each name in ``inputs`` means, in a few words; empty where the name says it. Not every
    step of the class need have every input."""

    RESULT: ClassVar[str]
    """What it leaves in its folder, in a few words."""

    @abstractmethod
    def inputs(self) -> Mapping[str, Any]:
        """All that the result depends on, as JSON types; large inputs as a digest."""

    @abstractmethod
    def compute(self, folder: Path) -> None:
        """Compute, and write the result into ``folder``, which is empty."""

    @abstractmethod
    def load(self, folder: Path) -> T:
        """Read the result from the files that ``compute`` wrote.

        Raises:
            FileNotFoundError: one is missing.
        """

    def read_back(self, folder: Path) -> None:
        """Read all that ``compute`` wrote, once, before a store keeps it.

        It raises whatever reading raises. A step whose value is read lazily reads it to the end.
        """
        self.load(folder)

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """The figures in ``folder`` that ``sciner store show`` prints, by name; none by default."""
        return {}

    @cached_property
    def key(self) -> str:
        """Where a store keeps the result."""
        return key_of(self.NAME, self.VERSION, self.inputs())


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """The result of a step.

    The value is not held here: ``load`` reads it from disk. A computed value is read in the same
    way as a stored one, so that a hit cannot differ from a miss.

    Attributes:
        key: of the step.
        hit: whether it was known.
        seconds: that computing it took, now or earlier.
        load: reads the value.
        renew: provides the value again after reading it failed.
    """

    key: str
    hit: bool
    seconds: float
    load: Callable[[], T]
    renew: Callable[[], T]

    def stream(self, items: Callable[[T], Iterator[Item]]) -> Iterator[Item]:
        """Yield what ``items`` yields of the value, without holding it all.

        If the value vanishes meanwhile, or proves unreadable, it is renewed, and reading goes on
        from there.
        """
        told, value = 0, self.load()
        for again in (True, False):
            try:
                for item in islice(items(value), told, None):
                    told += 1
                    yield item
                return
            except Exception:  # whatever its library raises
                if not again:
                    raise
                value = self.renew()


def key_of(step: str, version: int, inputs: Mapping[str, Any]) -> str:
    """``step-v<version>-<sha256 of the inputs>``; no source code is hashed."""
    return f"{step}-v{version}-{digest(inputs)}"


def step_of(key: str | None) -> str:
    """The name of the step that ``key`` is of; empty for None."""
    return (key or "").partition("-")[0]


def short_key(key: str) -> str:
    """A key with ten digits of its digest, to be read by people."""
    head, _, digits = key.rpartition("-")
    return f"{head}-{digits[:10]}"
