"""Policies by name: a module registers what it defines, and nothing else needs to name it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from sciner.errors import nearest

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """The policies of one sort, by name, in the order of the names."""

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Add an entry.

        Raises:
            ValueError: the name exists already.
        """
        if name in self._entries:
            raise ValueError(f"there are two {self.sort}s {name!r}")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> T:
        """Return the entry of a name.

        Raises:
            KeyError: there is none; the message has the nearest name.
        """
        if name not in self._entries:
            raise KeyError(f"there is no {self.sort} {name!r}; {nearest(name, self._entries)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def import_modules(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, so that each registers its policies.

    Args:
        package: its ``__name__``.
        path: its ``__path__``.
    """
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f"{package}.{module.name}")
