"""A store on NFS: two machines, which are two mounts of one export, share it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sciner.store.disk import DiskStore
from sciner.store.locks import Busy, held, is_held, kind_in
from sciner.store.maintenance import verify
from tests.cluster.nfs import Nfs, missing

lacks = missing()
pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.skipif(bool(lacks), reason=lacks)]

# argv: host name, store, names of steps, seconds of each, kind of lock, seconds of a lease, log
WORKER = """
import os, sys, time
from pathlib import Path
host, root, names, seconds, kind, lease, log = sys.argv[1:]
import socket; socket.sethostname(host)
from sciner.store import locks
from sciner.store.disk import DiskStore
from tests.fakes import FakeStep
locks.LEASE = float(lease)
def make(name):
    def compute(folder):
        with open(log, "a") as stream:
            stream.write(f"{name}\\n")
        time.sleep(float(seconds))
        (folder / "value").write_text(name)
    return compute
store = DiskStore(Path(root), kind)
for name in names.split(","):
    assert store.run(FakeStep(name, write=make(name))).load() == name
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    with Nfs(tmp_path) as nfs:
        yield nfs.mount("a"), nfs.mount("b")


def worker(
    host: str, root: Path, names: list[str], log: Path, kind: str, seconds: float = 0.1
) -> subprocess.Popen[bytes]:
    """A process on a machine called ``host``."""
    words = [sys.executable, "-c", WORKER, host, root, ",".join(names), seconds, kind, 3, log]
    return subprocess.Popen(["unshare", "--uts", *map(str, words)])


def test_locks_on_nfs_are_leases_and_exclude_the_other_mount(mounts: tuple[Path, Path]) -> None:
    here, there = (mount / "a.lock" for mount in mounts)
    assert kind_in(mounts[0]) == kind_in(mounts[1]) == "lease"
    with held(here):
        assert is_held(there)
        with pytest.raises(Busy), held(there, wait=0):
            pass
    with held(there, wait=5):
        assert is_held(there)


@pytest.mark.parametrize("kind", ["auto", "flock"])
def test_two_machines_compute_each_step_once(
    mounts: tuple[Path, Path], tmp_path: Path, kind: str
) -> None:
    log, names = tmp_path / "computed", [f"step {n}" for n in range(20)]
    running = [
        worker(host, mount / "store", names, log, kind)
        for host, mount in zip("ab", mounts, strict=True)
    ]
    assert [process.wait(300) for process in running] == [0, 0]
    assert Counter(log.read_text().splitlines()) == Counter(names)
    for mount in mounts:
        found = verify(DiskStore(mount / "store"))
        assert found.whole == len(names) and not found.damaged


def test_the_lease_of_a_machine_that_died_is_taken(
    mounts: tuple[Path, Path], tmp_path: Path
) -> None:
    log = tmp_path / "computed"
    dying = worker("a", mounts[0] / "store", ["x"], log, "auto", seconds=600)
    while not log.exists():
        assert dying.poll() is None
        time.sleep(0.05)
    os.kill(dying.pid, signal.SIGKILL)
    dying.wait()
    began = time.monotonic()
    assert worker("b", mounts[1] / "store", ["x"], log, "auto").wait(120) == 0
    assert time.monotonic() - began >= 3 and log.read_text().splitlines() == ["x", "x"]
    assert DiskStore(mounts[0] / "store").listed() == DiskStore(mounts[1] / "store").listed() != []
