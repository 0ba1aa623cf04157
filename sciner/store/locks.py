"""Locks, and which keys each process uses.

A lock is the kernel's (``flock``) and ends with its process. On a file system that other machines
share, or whose flock does not work, it is a lease: a file that its holder renews, and that others
may take when it was not renewed for ``LEASE`` seconds. A holder that only seemed dead then overlaps
with the next one, so what is done under a lock must be safe to do twice.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import math
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from filelock import BaseFileLock, LeaseCompromise

log = logging.getLogger(__name__)

Kind = Literal["auto", "flock", "lease"]
PATIENCE = 5.0  # seconds before a wait for another job is mentioned
LEASE = 60.0  # seconds without a sign of life until a lease ends; a third of them between two signs
STALE = 10  # files of a lock that vanish while they are opened, until it is an error
NETWORK = (  # how the types of file systems begin that several machines share
    *("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "pvfs"),
    *("panfs", "orangefs", "fuse."),
)


class Busy(Exception):
    """Another process holds the lock."""


def on_network(folder: Path) -> bool:
    """Is ``folder`` on a file system that other machines may share?"""
    import psutil

    place = folder.resolve()
    types = {Path(disk.mountpoint): disk.fstype for disk in psutil.disk_partitions(all=True)}
    above = [mount for mount in (place, *place.parents) if mount in types]
    return bool(above) and types[above[0]].startswith(NETWORK)


def excludes(folder: Path) -> bool:
    """Does flock keep others out in ``folder``, on this machine at least?

    Some file systems refuse it (ENOLCK), and some give it to everybody.
    """
    with NamedTemporaryFile(dir=folder, prefix=".probe-") as one, Path(one.name).open() as other:
        try:
            fcntl.flock(one.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:
            fcntl.flock(other.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def kind_in(folder: Path, kind: Kind = "auto") -> Kind:
    """Return flock or lease: ``kind``, or for auto what is sound in ``folder``."""
    if kind != "auto":
        return kind
    return "flock" if not on_network(folder) and excludes(folder) else "lease"


def lease_file(lock: Path) -> Path:
    """The file whose presence is the lease on ``lock``."""
    return lock.with_suffix(".lease")


def is_abandoned(lease: Path) -> bool:
    """Must the holder of a lease have died, by the time of its last sign?

    Clocks of different machines may differ by a minute.
    """
    try:
        return time.time() - lease.stat().st_mtime > 2 * LEASE
    except FileNotFoundError:
        return False


def end_if_abandoned(lease: Path) -> None:
    """Remove a lease whose holder must have died, even before it wrote its name.

    filelock takes such a lease by exchanging two files, which NFS and others cannot. It is renamed
    first, and looked at again, because another process may have taken it in between.
    """
    aside = lease.with_name(f"{lease.name}.{uuid.uuid4().hex}")
    with suppress(FileNotFoundError):  # another process was first
        if is_abandoned(lease):
            lease.rename(aside)
            if not is_abandoned(aside):
                with suppress(FileExistsError):
                    os.link(aside, lease)
            aside.unlink()


def takeover(lock: Path) -> float:
    """Seconds in which the lease of a holder that has died can be had; 0 where nobody has died."""
    return 2 * LEASE if is_abandoned(lease_file(lock)) else 0


def of_kind(lock: Path, kind: Kind) -> BaseFileLock:
    """The lock (flock) or lease on ``lock``, to be acquired.

    Where the file system has no locks, acquiring a flock raises OSError.
    """
    from filelock import FileLock, SoftFileLease

    def warn(lost: LeaseCompromise) -> None:
        log.warning("the lease on %s is lost (%s): another may have it", lock.stem, lost.reason)

    if kind == "lease":
        poll = LEASE / 60
        return SoftFileLease(
            lease_file(lock), lease_duration=LEASE, poll_interval=poll, on_compromise=warn
        )
    return FileLock(lock, fallback_to_soft=False)


@contextmanager
def held(lock: Path, *, wait: float = math.inf, kind: Kind = "auto") -> Iterator[None]:
    """Hold ``lock``, a file that is created if there is none.

    Args:
        lock: its file.
        wait: seconds that another process gets to give it back.
        kind: flock, lease, or what is sound where ``lock`` lies.

    Raises:
        Busy: another process holds it all the while.
    """
    from filelock import Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    kind = kind_in(lock.parent, kind)
    ours, end, waiting, stale = of_kind(lock, kind), time.monotonic() + wait, False, 0
    while not ours.is_locked:
        left = end - time.monotonic()
        try:
            if kind == "lease":
                end_if_abandoned(lease_file(lock))
            ours.acquire(timeout=max(0.0, min(left, PATIENCE)))
        except Timeout:
            if left <= PATIENCE:
                raise Busy(lock.stem) from None
            if not waiting:
                log.info("waiting for another job to compute %s", lock.stem[:24])
            waiting = True
        except OSError as error:
            stale += 1  # NFS: another machine is just giving the lock back
            if error.errno != errno.ESTALE or stale > STALE:
                raise
    try:
        yield
    finally:
        try:
            ours.release()
        except OSError as error:  # what was done under the lock is done
            log.debug("lock %s not released: %s", lock.name, error)


def is_held(lock: Path) -> bool:
    """Is somebody at it now? Leaves no file behind."""
    return (lock.exists() and _is_taken(lock, "flock")) or (
        lease_file(lock).exists()
        and _is_taken(lock, "lease")
        and not is_abandoned(lease_file(lock))
    )


def _is_taken(lock: Path, kind: Kind) -> bool:
    from filelock import Timeout

    ours = of_kind(lock, kind)
    try:
        ours.acquire(timeout=0)
        ours.release()
    except Timeout:
        return True
    except OSError:  # a store that cannot be written, or without such locks
        pass
    return False


def remove_if_free(lock: Path) -> bool:
    """Remove the files of a lock that nobody holds; False if somebody does.

    A process that waits for a removed lock notices, and takes a new one.
    """
    if is_held(lock):
        return False
    lease_file(lock).unlink(missing_ok=True)  # its holder died on another machine
    try:
        with held(lock, wait=0):
            lock.unlink(missing_ok=True)
    except Busy:
        return False
    return True


class Lease:
    """The keys that this process uses, in a file under ``folder``.

    They count until the process ends; whoever comes later removes the file.
    """

    def __init__(self, folder: Path, kind: Kind = "auto") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        drop_dead_leases(folder)
        self.place = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.keys"
        self.noted: set[str] = set()
        self._lock = of_kind(self.place.with_suffix(".lock"), kind_in(folder, kind))
        self._lock.acquire()

    def note(self, key: str) -> None:
        if key in self.noted:
            return
        with self.place.open("a", encoding="utf-8") as stream:
            stream.write(f"{key}\n")
        self.noted.add(key)


def leased(folder: Path) -> set[str]:
    """What living processes use."""
    found: set[str] = set()
    for place in folder.glob("*.keys"):
        if is_held(place.with_suffix(".lock")):
            with suppress(FileNotFoundError):  # its holder has ended in between
                found.update(place.read_text(encoding="utf-8").split())
    return found


def locks_in(folder: Path) -> list[Path]:
    """The locks that have a file in ``folder``: of a flock, of a lease, or of a process's keys."""
    suffixes = (".lock", ".lease", ".keys")
    return sorted({p.with_suffix(".lock") for p in folder.glob("*") if p.suffix in suffixes})


def drop_dead_leases(folder: Path) -> int:
    """Remove what processes that have ended used, and say how many there were."""
    dead = 0
    for lock in locks_in(folder):
        if remove_if_free(lock):
            lock.with_suffix(".keys").unlink(missing_ok=True)
            dead += 1
    return dead
