"""A store that is full, read-only, half-deleted, or another version's costs a line of warning,
never a score."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sciner.config.places import StoreConfig
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.loop.iteration import Iteration
from sciner.loop.steps import STEPS, silver_file, versions
from sciner.loop.steps.files import read_all
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.silver_file import row_of
from sciner.run.build import build_store
from sciner.store.disk import DiskStore
from sciner.store.lineage import describe
from sciner.store.maintenance import stats, verify
from sciner.store.prune import prune
from sciner.store.step import short_key
from sciner.store.store import NoStore, Store
from tests.specs.test_store import turn

ROUNDS = Iteration(1)


def scores(store: Store) -> list[dict[str, float]]:
    """Of a run over ``store``, but for its times."""
    return [
        {k: v for k, v in s.items() if not k.startswith("time")}
        for s in turn(store, iteration=ROUNDS).scores
    ]


@cache
def expected() -> list[dict[str, float]]:
    return scores(NoStore())


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Any]:
    """mount(options): a small file system of its own, where mounting is permitted."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mount(*options: str) -> Path:
        if not shutil.which("mount"):
            pytest.skip("there is no mount command here")
        done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
        return place

    yield mount
    while subprocess.run(["umount", str(place)], capture_output=True).returncode == 0:
        pass


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    return [
        r.getMessage()
        for r in log.records
        if r.name == "sciner.store.disk" and r.levelno == logging.WARNING
    ]


def assert_whole(root: Path) -> None:
    """What is there is complete, and nothing half-written lies beside it."""
    assert not [*(root / "tmp").glob("*")]
    assert verify(DiskStore(root)).damaged == {}


@pytest.mark.parametrize("size", ["32k", "64k", "100k"])
def test_a_full_disk(mounted: Any, caplog: pytest.LogCaptureFixture, size: str) -> None:
    root = mounted("-t", "tmpfs", "-o", f"size={size}", "tmpfs") / "store"
    assert scores(DiskStore(root)) == expected()
    (line,) = warnings(caplog)
    assert "cannot be written (No space left on device): what is computed now is not kept" in line
    assert_whole(root)


@pytest.mark.parametrize("name", ["report.json", "key.json"])
def test_a_disk_that_fills_up_within_a_file(
    tmp_path: Path, monkeypatch: Any, caplog: Any, name: str
) -> None:
    """The same where nothing can be mounted: half of the file is written, then the disk is full."""
    store = DiskStore(tmp_path / "store")
    write = Path.write_text

    def full(file: Path, text: str, *rest: Any, **more: Any) -> int:
        if file.name == name and file.is_relative_to(store.root):
            write(file, text[: len(text) // 2], *rest, **more)
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, text, *rest, **more)

    monkeypatch.setattr(Path, "write_text", full)
    assert scores(store) == expected()
    assert len(warnings(caplog)) == 1
    assert_whole(store.root)


def test_a_disk_that_fills_up_within_the_silver(
    tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    """It is written a sentence at a time: some of them, then the disk is full."""
    store, fails = DiskStore(tmp_path / "store"), iter([False, False, True])

    def full(example: Any) -> Any:
        if next(fails, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        return row_of(example)

    clean = expected()
    monkeypatch.setattr(silver_file, "row_of", full)
    assert scores(store) == clean
    assert len(warnings(caplog)) == 1
    assert_whole(store.root)


def test_a_store_that_is_read_only(
    mounted: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = DiskStore(tmp_path / "store")
    scores(kept)
    evaluated, fit = (
        next(k for k in kept.listed() if k.startswith(step)) for step in ("evaluate", "fit")
    )
    kept.discard(evaluated)
    (kept.entry(fit) / "report.json").write_text("{}")
    before = sorted(p.relative_to(kept.root) for p in kept.root.rglob("*"))
    place = mounted("--bind", str(kept.root))
    mounted("-o", "remount,ro,bind")
    found = turn(DiskStore(place), iteration=ROUNDS)
    assert [
        {k: v for k, v in s.items() if not k.startswith("time")} for s in found.scores
    ] == expected()
    # all else is read, and what is damaged computed beside it
    assert [s.step for s in found.steps if not s.hit] == ["evaluate"]
    (line,) = warnings(caplog)
    assert "cannot be written (Read-only file system)" in line
    assert sorted(p.relative_to(kept.root) for p in kept.root.rglob("*")) == before
    with pytest.raises(InputError, match=r"cannot be pruned \(Read-only file system\)"):
        prune(DiskStore(place), 0)
    there = DiskStore(place)
    found_damaged = verify(there, read=read_all)
    assert found_damaged.damaged.keys() == {fit} and found_damaged.stay == [fit]
    assert found_damaged.refused == "Read-only file system"
    assert stats(there, versions()).total.entries == len(kept.listed())
    kept_one = next(key for key in there.listed() if key.startswith("evaluate"))
    assert describe(there, kept_one, STEPS).results


def test_entries_of_a_newer_format(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = DiskStore(tmp_path / "store")
    scores(store)
    newer = [key for key in store.listed() if key.startswith(("fit", "select"))]
    for key in newer:
        file = store.entry(key) / "key.json"
        file.write_text(
            json.dumps(json.loads(file.read_text()) | {"format": 99, "files": "who knows"})
        )
    before = {key: (store.entry(key) / "key.json").read_text() for key in newer}
    assert scores(DiskStore(store.root)) == expected()
    assert sorted(line.split()[0] for line in warnings(caplog)) == sorted(map(short_key, newer))
    assert {key: (store.entry(key) / "key.json").read_text() for key in newer} == before
    assert_whole(store.root)


@pytest.mark.parametrize("rest", ["key.json", "silver.json", None])
def test_a_half_deleted_entry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rest: str | None
) -> None:
    store = DiskStore(tmp_path / "store")
    scores(store)
    key = next(key for key in store.listed() if key.startswith("select"))
    for file in store.entry(key).iterdir():
        if file.name != rest:
            file.unlink()
    assert scores(DiskStore(store.root)) == expected()
    (line,) = warnings(caplog)
    assert (
        "is damaged" in line
        and "is missing" in line
        and len([*(store.root / "aside").iterdir()]) == 1
    )
    assert_whole(store.root)


@pytest.mark.parametrize(
    "broken", [{}, {"seconds": "long"}, {"files": ["silver.json"]}, {"files": {"silver.json": 7}}]
)
def test_an_entry_whose_own_record_is_broken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: Any
) -> None:
    store = DiskStore(tmp_path / "store")
    scores(store)
    file = store.entry(next(key for key in store.listed() if key.startswith("select"))) / "key.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps(known | broken if broken else [known]))
    assert scores(DiskStore(store.root)) == expected()
    (line,) = warnings(caplog)
    assert "key.json is missing or broken" in line
    assert_whole(store.root)


def test_two_versions_of_the_code_on_one_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    store = DiskStore(tmp_path / "store")
    scores(store)
    now = Fit.VERSION
    old = {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in store.root.glob(f"steps/fit-v{now}-*/*")
    }
    monkeypatch.setattr(Fit, "VERSION", now + 1)
    found = turn(DiskStore(store.root), iteration=ROUNDS)
    assert len(found.tagger.fits) == 2 and {s.key[:7] for s in found.steps if s.step == "fit"} == {
        f"fit-v{now + 1}-"
    }
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in old} == old
    monkeypatch.setattr(Fit, "VERSION", now)
    # the older code still finds its own
    assert turn(DiskStore(store.root), iteration=ROUNDS).tagger.fits == []
    assert warnings(caplog) == []
    assert_whole(store.root)


def occupied(place: Path) -> Path:
    place.write_text("no folder")
    return place


def looped(place: Path) -> Path:
    place.symlink_to(place.name)
    return place


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (occupied, "Not a directory"),
        (lambda place: occupied(place) / "store", "Not a directory"),
        (looped, "Too many levels of symbolic links"),
        (lambda place: Path("/proc/no/such/folder"), "No such file or directory"),
        (lambda place: place / ("n" * 300), "File name too long"),
    ],
)
def test_a_folder_that_cannot_be_a_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: Any, why: str
) -> None:
    store = build_store(StoreConfig(kind="disk", dir=str(place(tmp_path / "place"))), tmp_path)
    assert scores(store) == expected()
    store.record(lambda runs: runs.mkdir(parents=True))
    (line,) = warnings(caplog)
    assert line.endswith(f"cannot be written ({why}): what is computed now is not kept")


@pytest.mark.parametrize(
    "number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ESTALE, errno.EIO, errno.ENOSYS]
)
@pytest.mark.parametrize("operation", [fcntl.LOCK_EX, fcntl.LOCK_UN])
def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: Any, caplog: Any, number: int, operation: int
) -> None:
    """Leases take their place. With ``store.locks=flock`` nothing is kept; where a lock cannot be
    given back it ends with us."""

    def refuse(file: int, asked: int) -> None:
        if asked & operation:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    leasing, store = DiskStore(tmp_path / "leasing"), DiskStore(tmp_path / "store", "flock")
    assert scores(leasing) == scores(store) == expected()
    assert leasing.listed()
    if operation == fcntl.LOCK_EX:
        (line,) = warnings(caplog)
        assert (
            f"cannot be written ({os.strerror(number)}): what is computed now is not kept" in line
        )
        assert store.listed() == []
    else:
        assert warnings(caplog) == [] and store.listed()


def test_flock_is_refused_where_it_keeps_nobody_out(tmp_path: Path, monkeypatch: Any) -> None:
    asked = StoreConfig(kind="disk", dir="store", locks="flock")
    assert build_store(asked, tmp_path) == DiskStore(tmp_path / "store", "flock")
    monkeypatch.setattr(fcntl, "flock", lambda file, operation: None)
    with pytest.raises(InputError, match="locks do not work on this"):
        build_store(asked, tmp_path)


@pytest.mark.parametrize("name", ["key.json", "silver.json"])
def test_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """It is another's, and stays where it is."""
    store = DiskStore(tmp_path / "store")
    scores(store)
    key = next(key for key in store.listed() if key.startswith("select"))
    file, open_file = store.entry(key) / name, Path.open

    def closed(place: Path, *rest: Any, **more: Any) -> Any:
        if place == file:
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return open_file(place, *rest, **more)

    monkeypatch.setattr(Path, "open", closed)
    assert scores(DiskStore(store.root)) == expected()
    (line,) = warnings(caplog)
    assert f"cannot be read ({name} of {short_key(key)}: Permission denied)" in line
    assert store.has(key) and not (store.root / "aside").exists()
    found = verify(store, read=read_all)
    assert (list(found.damaged), found.stay) == (
        [key],
        [key],
    ) and "Permission denied" in found.damaged[key]
    assert stats(store, versions()).others.keys() == (
        {"unreadable"} if name == "key.json" else set()
    )


def test_an_unwritable_parent_folder(tmp_path: Path) -> None:
    """As a user who is bound by permissions, in a process of its own."""
    (tmp_path / "closed").mkdir(mode=0o755)
    place = tmp_path / "closed" / "store"
    words = f"""
import logging, os, pathlib
from sciner.store.disk import DiskStore
from tests.fakes import FakeStep
DiskStore(pathlib.Path({str(tmp_path / "open")!r})).run(FakeStep("a")).load()  # all is imported
if os.getuid() == 0:
    os.setuid(65534)
logging.basicConfig(format="%(message)s")
store = DiskStore(pathlib.Path({str(place)!r}))
for name in "ab":
    assert store.run(FakeStep(name)).load() == "1"
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert (
        line.startswith(f"the store {place} cannot be written (Permission denied)")
        and not place.exists()
    )


def test_what_was_poisoned_before_is_damaged_to_verify(tmp_path: Path) -> None:
    """Whole by its checksums, and of no use: half a file was written, and then stored."""
    store = DiskStore(tmp_path / "store")
    scores(store)
    torn = {}
    for step, name in (("evaluate", "scores.json"), ("predict", "part-00000.npz")):
        key = torn[step] = next(key for key in store.listed() if key.startswith(step))
        file, record = store.entry(key) / name, store.entry(key) / "key.json"
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        known = json.loads(record.read_text())
        known["files"][name] = [file.stat().st_size, checksum(file)]
        record.write_text(json.dumps(known))
    assert verify(store).damaged == {}
    found = verify(store, read=read_all)
    assert sorted(found.damaged) == sorted(torn.values()) and not found.stay
    assert all("cannot be read back" in why for why in found.damaged.values())
    assert scores(DiskStore(store.root)) == expected()
