"""Locks of the kernel, and leases where there are none: what the store leans on in filelock."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sciner.store import locks
from sciner.store.locks import (
    Busy,
    Lease,
    drop_dead_leases,
    end_if_abandoned,
    excludes,
    held,
    is_held,
    kind_in,
    lease_file,
    leased,
    of_kind,
    remove_if_free,
    takeover,
)


def test_a_lock_whose_file_was_removed_meanwhile_is_not_believed(tmp_path: Path) -> None:
    """Who waits for a lock that upkeep removes must take the new one. filelock looks since 3.21."""
    place, waiting = tmp_path / "a.lock", of_kind(tmp_path / "a.lock", "flock")
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
    with pytest.raises(Busy), held(place, wait=0):
        pass
    os.close(fd)
    assert not is_held(place)


def missing(file: int, asked: int) -> None:
    """As on a file system without locks."""
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def lying(file: int, asked: int) -> None:
    """As on a file system whose locks everybody gets."""


def test_a_flock_where_there_is_none_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that stands for a lock would outlive a process that is killed. filelock before 3.30
    cannot be told so."""
    monkeypatch.setattr(fcntl, "flock", missing)
    with pytest.raises(OSError, match="No locks"), held(tmp_path / "a.lock", kind="flock"):
        pass


@pytest.mark.parametrize("flock", [missing, lying])
def test_where_flock_fails_or_lies_a_lease_keeps_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flock: Callable[[int, int], None]
) -> None:
    assert excludes(tmp_path) and kind_in(tmp_path) == "flock"
    monkeypatch.setattr(fcntl, "flock", flock)
    assert not excludes(tmp_path) and kind_in(tmp_path) == "lease"
    place = tmp_path / "a.lock"
    with held(place):
        assert is_held(place)
        with pytest.raises(Busy), held(place, wait=0):
            pass
    assert not is_held(place) and not list(tmp_path.iterdir())


def test_a_lock_whose_file_vanishes_while_it_is_opened_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS, when another machine gives it back."""
    flock, stale = fcntl.flock, iter(range(3))

    def vanishing(file: int, asked: int) -> None:
        if asked & fcntl.LOCK_EX and next(stale, None) is not None:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        flock(file, asked)

    monkeypatch.setattr(fcntl, "flock", vanishing)
    with held(tmp_path / "a.lock", kind="flock"):
        assert next(stale, None) is None
    stale = iter(range(99))
    with pytest.raises(OSError, match="Stale"), held(tmp_path / "a.lock", kind="flock"):
        pass


def test_on_a_network_file_system_locks_are_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """flock may work on each machine, and keep no other machine out."""

    class Disk:
        def __init__(self, mountpoint: Path, fstype: str) -> None:
            self.mountpoint, self.fstype = str(mountpoint), fstype

    mounts = [Disk(Path("/"), "ext4"), Disk(tmp_path, "nfs4"), Disk(tmp_path / "scratch", "xfs")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)
    (tmp_path / "scratch").mkdir()
    assert kind_in(tmp_path / "project") == "lease" and kind_in(tmp_path / "scratch") == "flock"
    assert kind_in(tmp_path / "project", "flock") == "flock"  # who asks for it


def left_by(lock: Path, host: str, age: float, text: str | None = None) -> None:
    """A lease that a process on ``host`` has not renewed for ``age`` seconds."""
    record = f"filelock/2\npid=1\nhost={host}\nmode=lease\ntoken=a\nduration={locks.LEASE}\n"
    lease_file(lock).write_text(record if text is None else text)
    os.utime(lease_file(lock), (time.time() - age,) * 2)


@pytest.mark.parametrize("exchanges", [True, False])  # two files for each other; NFS cannot
@pytest.mark.parametrize("text", [None, ""])  # or its holder died before it could write its name
def test_the_lease_of_a_holder_that_died_on_another_machine_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, exchanges: bool
) -> None:
    monkeypatch.setattr(locks, "LEASE", 0.1)
    if not exchanges:
        monkeypatch.setattr("filelock._soft.exchange_names", lambda source, target: False)
    place = tmp_path / "a.lock"
    left_by(place, "elsewhere", age=0, text=text)
    assert is_held(place)
    with pytest.raises(Busy), held(place, wait=0, kind="lease"):
        pass
    left_by(place, "elsewhere", age=1, text=text)
    assert not is_held(place) and takeover(place) == 2 * locks.LEASE
    with held(place, wait=takeover(place), kind="lease"):
        assert is_held(place) and not takeover(place)
    left_by(place, "elsewhere", age=1, text=text)
    assert remove_if_free(place) and not lease_file(place).exists()


def test_a_lease_that_was_renewed_after_it_seemed_abandoned_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "a.lock"
    left_by(lock, "elsewhere", age=0)
    text, answers = lease_file(lock).read_text(), iter([True, False])
    monkeypatch.setattr(locks, "is_abandoned", lambda lease: next(answers))
    end_if_abandoned(lease_file(lock))
    assert [file.read_text() for file in tmp_path.iterdir()] == [text] and not next(answers, None)


def test_the_lease_of_a_process_that_was_killed_here_ends_with_it(tmp_path: Path) -> None:
    place = tmp_path / "a.lock"
    words = f"""
import os
from pathlib import Path
from sciner.store.locks import of_kind
lease = of_kind(Path({str(place)!r}), "lease")
lease.acquire()
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", words], check=False)
    assert lease_file(place).exists() and not is_held(place)


@pytest.mark.slow
def test_a_lease_lasts_as_long_as_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LEASE", 0.3)
    place = tmp_path / "a.lock"
    with held(place, kind="lease"):
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            assert is_held(place)
            with pytest.raises(Busy), held(place, wait=0, kind="lease"):
                pass
            time.sleep(0.05)


def test_what_a_process_uses_counts_while_it_renews_its_lease(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "lease")
    lease.note("fit-v1-a")
    left_by(tmp_path / "dead.lock", "elsewhere", age=10 * locks.LEASE)
    (tmp_path / "dead.keys").write_text("fit-v1-b\n")
    assert leased(tmp_path) == {"fit-v1-a"}
    assert drop_dead_leases(tmp_path) == 1 and leased(tmp_path) == {"fit-v1-a"}
    assert not list(tmp_path.glob("dead.*"))


def test_a_process_that_ends_while_it_is_asked_about_uses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process removes its file between two looks; what others use still counts."""
    for name in ("ended", "living"):
        (tmp_path / f"{name}.keys").write_text(f"fit-v1-{name}\n")

    def ends_now(lock: Path) -> bool:
        (tmp_path / "ended.keys").unlink(missing_ok=True)
        return True

    monkeypatch.setattr(locks, "is_held", ends_now)
    assert leased(tmp_path) == {"fit-v1-living"}
