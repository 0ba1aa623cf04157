"""Pruning of a store: the least recently used entries go, what somebody uses stays."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sciner.errors import InputError
from sciner.store.disk import DiskStore
from sciner.store.layout import ASIDE, LEASES, LOCKS, TMP
from sciner.store.locks import (
    Busy,
    drop_dead_leases,
    held,
    is_held,
    leased,
    locks_in,
    remove_if_free,
)
from sciner.store.maintenance import Entry, below, bytes_in, entries, lock, lock_of, said_plainly

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
class Pruned:
    """What pruning did.

    Attributes:
        removed: entries, the least recently used first.
        freed: bytes of all that was removed.
        left: bytes of the entries that stay.
        busy: number of entries that stay because a living process uses them.
        aside, leftover, leases, locks: how many of these were removed.
    """

    removed: tuple[Entry, ...]
    freed: int
    left: int
    busy: int
    aside: int
    leftover: int
    leases: int
    locks: int


def prune(store: DiskStore, limit: int, *, aside: bool = False, dry_run: bool = False) -> Pruned:
    """Remove the least recently used entries until the others have at most ``limit`` bytes.

    Half-written entries, leases and lock files of processes that have died are removed too. What a
    living process uses stays, even over the limit.

    Args:
        store: the store.
        limit: in bytes.
        aside: also remove what was set aside.
        dry_run: only report.

    Raises:
        InputError: the store cannot be written.
    """
    with said_plainly(store.root, "pruned"):
        leases = store.root / LEASES
        dead = (
            sum(not is_held(lock) for lock in locks_in(leases))
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

    It is moved away before the leases are read once more. A process notes its use before it looks
    at an entry. So either that process finds nothing, and computes, or its note is seen here, and
    the entry is put back.
    """
    place = store.root / TMP / f"{key}.{uuid.uuid4().hex}"
    place.parent.mkdir(exist_ok=True)
    try:
        with store.locked(key, wait=0):
            try:
                store.entry(key).rename(place)
            except FileNotFoundError:  # another process was first
                return True
            if key in leased(store.root / LEASES):
                place.rename(store.entry(key))
                return False
            shutil.rmtree(place, ignore_errors=True)  # what is left of it, the sweep removes
    except Busy:
        return False
    return True


def sweep(store: DiskStore, places: Iterable[Path], dry_run: bool) -> Iterator[int]:
    """Remove folders that nobody is writing, and yield the bytes of each."""
    for place in places:
        if is_held(lock_of(store, place)):
            continue
        size = bytes_in(place)
        if not dry_run:
            try:
                with held(lock_of(store, place), wait=0):
                    shutil.rmtree(place, ignore_errors=True)
            except Busy:
                continue
        yield size


def drop_free_locks(store: DiskStore, dry_run: bool) -> int:
    """Remove the files of locks that nobody holds, and say how many."""
    found = locks_in(store.root / LOCKS)
    return sum(not is_held(lock) if dry_run else remove_if_free(lock) for lock in found)


def bytes_of(text: str) -> int:
    """Read a size: 20GB, 1.5 TB, 512MiB, 0.

    Raises:
        InputError: it is no size, or has no unit.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?B)?\s*", text.upper())
    if not found or (not found[2] and float(found[1])):
        raise InputError(
            f"--max-size {text}: this is no size",
            hint="write a number and its unit: 20GB, 500MB, or 0 for nothing",
        )
    return int(float(found[1]) * UNITS.get(found[2] or "", 0))
