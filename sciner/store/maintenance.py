"""Maintenance of a store: what it holds, whether it is intact, what may be removed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sciner.errors import InputError
from sciner.store.disk import DiskStore
from sciner.store.entry import Damaged, NewerEntry, Unreadable, damage
from sciner.store.layout import ASIDE, LOCKS, STEPS, TMP
from sciner.store.locks import (
    is_held,
)
from sciner.store.refusals import Refused, reason
from sciner.store.step import step_of

State = Literal["current", "other version", "newer format", "damaged", "unreadable"]


@dataclass(frozen=True, slots=True)
class Entry:
    """The folder of a step.

    Attributes:
        key, state: of the entry.
        bytes: of its files.
        used: when it was last read or written, in seconds since 1970.
        meta: its ``key.json``; empty if that is damaged or has a newer format.
    """

    key: str
    state: State
    bytes: int
    used: float
    meta: Mapping[str, Any]

    @property
    def step(self) -> str:
        return step_of(self.key)

    @property
    def seconds(self) -> float:
        """Seconds that computing it took; 0 if unknown."""
        return float(self.meta.get("seconds", 0.0))


@dataclass(slots=True)
class Total:
    """The number of several entries, their bytes, and the seconds that computing them took."""

    entries: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def add(self, bytes: int, seconds: float = 0.0) -> None:
        self.entries, self.bytes, self.seconds = (
            self.entries + 1,
            self.bytes + bytes,
            self.seconds + seconds,
        )


@dataclass(frozen=True, slots=True)
class Stats:
    """Statistics of a store.

    Attributes:
        steps: current entries by step.
        others: entries that this version never finds, by state.
        total: of all entries.
        aside: damaged entries that were set aside.
        leftover: half-written entries of processes that have died.
    """

    steps: dict[str, Total]
    others: dict[str, Total]
    total: Total
    aside: Total
    leftover: Total


@dataclass(slots=True)
class Verified:
    """What a check of all entries found.

    Attributes:
        whole: number of intact entries.
        newer: number of entries that cannot be judged.
        damaged: what is wrong, by key.
        stay: those of them that could not be set aside.
        refused: why not.
    """

    whole: int = 0
    newer: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    stay: list[str] = field(default_factory=list)
    refused: str = ""


def open_store(root: Path) -> DiskStore:
    """Open the store in ``root``.

    Raises:
        InputError: there is none, or it may not be read.
    """
    with said_plainly(root, "read"):
        if not (root / STEPS).is_dir():
            raise InputError(
                "there is no store",
                file=root,
                hint="give --dir, or work in the folder that sciner run was started in",
            )
        store = DiskStore(root.resolve())
        store.listed()
    return store


def entries(store: DiskStore, versions: Mapping[str, int]) -> Iterator[Entry]:
    """Yield all entries, except those that vanish meanwhile.

    Args:
        store: the store.
        versions: current version of each step, by name.
    """
    for key in store.listed():
        try:
            yield entry_of(store, key, versions)
        except FileNotFoundError:
            continue


def entry_of(store: DiskStore, key: str, versions: Mapping[str, int]) -> Entry:
    """Return one entry.

    Raises:
        FileNotFoundError: there is no such entry.
    """
    folder = store.entry(key)
    used = (folder / "key.json" if store.has(key) else folder).stat().st_mtime
    meta: Mapping[str, Any] = {}
    state: State = "current"
    try:
        meta = store.meta(key)
        state = "current" if versions.get(meta["step"]) == meta["version"] else "other version"
    except NewerEntry:
        state = "newer format"
    except Unreadable:
        state = "unreadable"
    except Damaged:
        state = "damaged"
    return Entry(key, state, bytes_in(folder), used, meta)


def bytes_in(place: Path) -> int:
    """Bytes of a file, or of a folder's files; 0 for what vanishes meanwhile or may not be read."""
    files = (
        [place]
        if place.is_file()
        else [Path(folder, name) for folder, _, names in os.walk(place) for name in names]
    )
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_size
    return total


def stats(store: DiskStore, versions: Mapping[str, int]) -> Stats:
    """Count what is in the store; it reads every ``key.json``.

    Args:
        store: the store.
        versions: current version of each step, by name.
    """
    found = Stats({name: Total() for name in versions}, {}, Total(), Total(), Total())
    for entry in entries(store, versions):
        if entry.state == "current":
            found.steps[entry.step].add(entry.bytes, entry.seconds)
        else:
            found.others.setdefault(entry.state, Total()).add(entry.bytes, entry.seconds)
        found.total.add(entry.bytes, entry.seconds)
    for place in below(store.root / ASIDE):
        found.aside.add(bytes_in(place))
    for place in below(store.root / TMP):
        if not is_held(lock_of(store, place)):
            found.leftover.add(bytes_in(place))
    return found


def verify(
    store: DiskStore,
    advance: Callable[[int], None] = lambda n: None,
    read: Callable[[Path], object] = lambda folder: None,
) -> Verified:
    """Read every file of every entry, and set damaged entries aside if the store can be written.

    Args:
        store: the store.
        advance: called with 1 after each entry.
        read: reads the content of an entry's folder; if it raises, the entry is damaged.
    """
    found = Verified()
    for key in store.listed():
        why = None
        try:
            if why := damage(store.entry(key), read):
                why = store.set_aside_if_damaged(key, read)  # unless it has been replaced meanwhile
            elif store.has(key):
                found.whole += 1
        except NewerEntry:
            found.newer += 1
        except Unreadable as error:
            why = f"cannot be read: {error}"
            found.stay.append(key)
        except Refused as error:
            found.refused = reason(error)
            found.stay.append(key)
        if why:
            found.damaged[key] = why
        advance(1)
    return found


def lock(store: DiskStore, key: str) -> Path:
    """The file of the lock of ``key``."""
    return store.root / LOCKS / f"{key}.lock"


def lock_of(store: DiskStore, place: Path) -> Path:
    """The lock of what is under tmp/ or aside/, named ``<key>`` or ``<key>.<something>``."""
    return lock(store, place.name.partition(".")[0])


def below(folder: Path) -> list[Path]:
    """The folders and files in ``folder``; none if it does not exist."""
    return sorted(folder.iterdir()) if folder.is_dir() else []


@contextmanager
def said_plainly(root: Path, done: str) -> Iterator[None]:
    """Turn what the disk refuses into an InputError that says what could not be ``done``."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: resolve() of a loop of links
        why = reason(error) if isinstance(error, OSError) else error
        raise InputError(
            f"cannot be {done} ({why})", file=root, hint="is it mounted read-only, or another's?"
        ) from None
