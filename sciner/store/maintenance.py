"""The store, looked after: what lies there and what it cost, whether it is whole, and what may
go."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sciner.errors import InputError
from sciner.store.disk import DiskStore
from sciner.store.entry import Damaged, NewerEntry, Unreadable, damage
from sciner.store.layout import ASIDE, LEASES, LOCKS, STEPS, TMP
from sciner.store.locks import Busy, drop_dead_leases, held, is_held, leased
from sciner.store.refusals import Refused, reason
from sciner.store.step import step_of

State = Literal["current", "other version", "newer format", "damaged", "unreadable"]
UNITS = {
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A step's folder. bytes: of its files. used: when it was last read or written, in seconds
    since 1970. meta: its ``key.json``; empty where that is damaged or of a newer format."""

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
        """What computing it took; 0 where that is not known."""
        return float(self.meta.get("seconds", 0.0))


@dataclass(slots=True)
class Total:
    """Of several entries: how many, their bytes, and the seconds that computing them took."""

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
    """steps: current entries by step. others: the rest by state, which this version never finds.
    aside: what was damaged. leftover: what processes that are dead left half-written."""

    steps: dict[str, Total]
    others: dict[str, Total]
    total: Total
    aside: Total
    leftover: Total


@dataclass(frozen=True, slots=True)
class Pruned:
    """removed: entries, the least recently used first. freed: bytes, of whatever was removed. left:
    bytes of the entries that stay. busy: entries passed over because a living process uses them.
    aside, leftover, leases, locks: how many went."""

    removed: tuple[Entry, ...]
    freed: int
    left: int
    busy: int
    aside: int
    leftover: int
    leases: int
    locks: int


@dataclass(slots=True)
class Verified:
    """whole: how many entries are as they were written. newer: how many could not be told. damaged:
    why, by key. stay: those of them that could not be set aside. refused: why not."""

    whole: int = 0
    newer: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    stay: list[str] = field(default_factory=list)
    refused: str = ""


def open_store(root: Path) -> DiskStore:
    """The store in ``root``. Raises InputError where there is none, or none that may be read."""
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
    """All of them but those that vanish meanwhile. versions: of the steps as they are now, by
    name."""
    for key in store.listed():
        try:
            yield entry_of(store, key, versions)
        except FileNotFoundError:
            continue


def entry_of(store: DiskStore, key: str, versions: Mapping[str, int]) -> Entry:
    """Raises FileNotFoundError where there is no such entry (any more)."""
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
    """Of a folder's files, or of a file; 0 for what vanishes meanwhile or may not be looked at."""
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
    """Counts, and reads every key.json to do so. versions: of the steps as they are now, by
    name."""
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
    """Read every file of every entry again, and see that ``read`` can make sense of its folder;
    what is damaged is set aside, if the store can be written. Calls ``advance(1)`` behind each
    entry."""
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


def prune(store: DiskStore, limit: int, *, aside: bool = False, dry_run: bool = False) -> Pruned:
    """Remove entries, the least recently used first, until those that stay have ``limit`` bytes or
    less; and what processes that are dead left: half-written entries, leases, lock files. With
    ``aside`` also what was set aside.

    What a living process uses stays, be it over the limit. Raises InputError where the store
    cannot be written.
    """
    with said_plainly(store.root, "pruned"):
        leases = store.root / LEASES
        dead = (
            sum(not is_held(p) for p in leases.glob("*.lock"))
            if dry_run
            else drop_dead_leases(leases)
        )
        found = sorted(entries(store, {}), key=lambda entry: (entry.used, entry.key))
        left, busy = sum(entry.bytes for entry in found), 0
        used = leased(leases)
        removed = []
        for entry in found:
            if left <= limit:
                break
            in_use = entry.key in used or is_held(lock(store, entry.key))
            if in_use or not (dry_run or evict(store, entry.key)):
                busy += 1
                continue
            removed.append(entry)
            left -= entry.bytes
        freed = sum(entry.bytes for entry in removed)
        junk = [*sweep(store, below(store.root / TMP), dry_run)]
        old = [*sweep(store, below(store.root / ASIDE) if aside else (), dry_run)]
        locks = drop_free_locks(store, dry_run)
    return Pruned(
        tuple(removed), freed + sum(junk) + sum(old), left, busy, len(old), len(junk), dead, locks
    )


def evict(store: DiskStore, key: str) -> bool:
    """Remove an entry unless it is in use.

    It is moved away before the leases are read once more. A process notes its use before it
    looks at an entry: so either that process finds nothing, and computes, or its note is seen
    here, and the entry is put back.
    """
    place = store.root / TMP / f"{key}.{uuid.uuid4().hex}"
    place.parent.mkdir(exist_ok=True)
    try:
        with store.locked(key, wait=False):
            store.entry(key).rename(place)
            if key in leased(store.root / LEASES):
                place.rename(store.entry(key))
                return False
            shutil.rmtree(place)
    except Busy:
        return False
    except FileNotFoundError:  # another process was first
        pass
    return True


def sweep(store: DiskStore, places: Iterable[Path], dry_run: bool) -> Iterator[int]:
    """Remove folders that nobody is writing; yields the bytes of each."""
    for place in places:
        if is_held(lock_of(store, place)):
            continue
        size = bytes_in(place)
        if not dry_run:
            try:
                with held(lock_of(store, place), wait=False):
                    shutil.rmtree(place, ignore_errors=True)
            except Busy:
                continue
        yield size


def drop_free_locks(store: DiskStore, dry_run: bool) -> int:
    """Remove lock files that nobody holds. Who waits for one that is removed finds out, and takes a
    new one."""
    free = 0
    for place in below(store.root / LOCKS):
        try:
            with held(place, wait=False):
                if not dry_run:
                    place.unlink()
                free += 1
        except Busy:
            continue
    return free


def lock(store: DiskStore, key: str) -> Path:
    return store.root / LOCKS / f"{key}.lock"


def lock_of(store: DiskStore, place: Path) -> Path:
    """The lock of what lies under tmp/ or aside/, as ``<key>`` or ``<key>.<something>``."""
    return lock(store, place.name.partition(".")[0])


def below(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


@contextmanager
def said_plainly(root: Path, done: str) -> Iterator[None]:
    """Raises InputError for what the disk refuses, when the store should be ``done``."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: resolve() of a loop of links
        why = reason(error) if isinstance(error, OSError) else error
        raise InputError(
            f"cannot be {done} ({why})", file=root, hint="is it mounted read-only, or another's?"
        ) from None


def bytes_of(text: str) -> int:
    """20GB, 1.5 TB, 512MiB, 0 as bytes. Raises InputError for what is no size, and for a number
    without a unit."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?B)?\s*", text.upper())
    if not found or (not found[2] and float(found[1])):
        raise InputError(
            f"--max-size {text}: this is no size",
            hint="write a number and its unit: 20GB, 500MB, or 0 for nothing",
        )
    return int(float(found[1]) * UNITS.get(found[2] or "", 0))
