"""Locks are the kernel's: what the store leans on in filelock."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from sciner.store.locks import Busy, held, is_held, of_the_kernel


def test_a_lock_whose_file_was_removed_meanwhile_is_not_believed(tmp_path: Path) -> None:
    """Who waits for a lock that upkeep removes must take the new one. filelock looks since 3.21."""
    place, waiting = tmp_path / "a.lock", of_the_kernel(tmp_path / "a.lock")
    flock = fcntl.flock
    with pytest.MonkeyPatch.context() as patch:

        def removed_in_between(file: int, asked: int) -> None:
            patch.setattr(fcntl, "flock", flock)
            place.unlink()
            flock(file, asked)

        patch.setattr(fcntl, "flock", removed_in_between)
        with waiting.acquire(timeout=1):
            assert place.exists() and is_held(place)


def test_giving_a_lock_back_leaves_the_file_that_another_made_meanwhile(tmp_path: Path) -> None:
    """Else two could hold it. filelock 3.21 to 3.29.4 removed it."""
    place = tmp_path / "a.lock"
    with held(place):
        place.unlink()
        fd = os.open(place, os.O_RDWR | os.O_CREAT)
        fcntl.flock(fd, fcntl.LOCK_EX)
    assert is_held(place)
    with pytest.raises(Busy), held(place, wait=False):
        pass
    os.close(fd)
    assert not is_held(place)


def test_without_locks_of_the_kernel_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that stands for a lock would outlive a process that is killed. filelock before 3.30
    cannot be told so."""

    def missing(file: int, asked: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", missing)
    with pytest.raises(OSError, match="not implemented"), held(tmp_path / "a.lock"):
        pass
