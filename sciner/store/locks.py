"""Locks of the kernel, which end with their process, and leases that are protected by them."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds before a wait for another job is mentioned


class Busy(Exception):
    """Another process holds the lock."""


def of_the_kernel(lock: Path) -> FileLock:
    """A lock that ends with its process.

    Where the file system has no locks, acquiring it raises OSError: a lock that is a mere file
    would outlive a killed process.
    """
    from filelock import FileLock

    return FileLock(lock, fallback_to_soft=False)


@contextmanager
def held(lock: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold ``lock``, a file that is created if there is none.

    Raises:
        Busy: another process holds it and ``wait`` is off.
    """
    from filelock import Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    ours = of_the_kernel(lock)
    try:
        ours.acquire(timeout=PATIENCE if wait else 0)
    except Timeout:
        if not wait:
            raise Busy(lock.stem) from None
        log.info("waiting for another job to compute %s", lock.stem[:24])
        ours.acquire()
    try:
        yield
    finally:
        try:
            ours.release()
        except OSError as error:  # what was done under the lock is done
            log.debug("lock %s not released: %s", lock.name, error)


def is_held(lock: Path) -> bool:
    """Is somebody at it now? Leaves no file behind."""
    if not lock.exists():
        return False
    try:
        with held(lock, wait=False):
            return False
    except Busy:
        return True
    except OSError:  # a store that cannot be written
        return False


class Lease:
    """The keys that this process uses, in a file under ``folder``.

    They count until the process ends; whoever comes later removes the file.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        drop_dead_leases(folder)
        self.place = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.keys"
        self.noted: set[str] = set()
        self._lock = of_the_kernel(self.place.with_suffix(".lock"))
        self._lock.acquire()

    def note(self, key: str) -> None:
        if key in self.noted:
            return
        with self.place.open("a", encoding="utf-8") as stream:
            stream.write(f"{key}\n")
        self.noted.add(key)


def leased(folder: Path) -> set[str]:
    """What living processes use."""
    living = [lock.with_suffix(".keys") for lock in folder.glob("*.lock") if is_held(lock)]
    return {
        key
        for place in living
        if place.exists()
        for key in place.read_text(encoding="utf-8").split()
    }


def drop_dead_leases(folder: Path) -> int:
    """Remove the leases of processes that have ended, and say how many."""
    dead = 0
    for lock in sorted({p.with_suffix(".lock") for p in folder.glob("*")}):
        try:
            with held(lock, wait=False):
                lock.with_suffix(".keys").unlink(missing_ok=True)
                lock.unlink()
                dead += 1
        except Busy:
            pass
    return dead
