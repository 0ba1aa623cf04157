"""The memory: results of steps, addressed by what they were computed from. What exists is complete; what is there is not
computed again, by this run or any other."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sciner.hashing import checksum
from sciner.store.layout import ASIDE, LEASES, LOCKS, RUNS, STEPS, TMP
from sciner.store.locks import Lease, held
from sciner.store.step import Result, Step, key_of, short_key

log = logging.getLogger(__name__)
T = TypeVar("T")

FORMAT = 1  # of an entry's key.json
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class Damaged(Exception):
    """An entry whose files are not those that were written."""


class NewerEntry(Exception):
    """An entry in a format that this version does not know."""


class Store(Protocol):
    """Where steps are looked up. keeps: is a result there for the next run?"""

    keeps: bool

    def run(self, step: Step[T]) -> Result[T]:
        """The step's result, computed if it is not there."""

    def has(self, key: str) -> bool:
        """Is there a result under ``key``?"""

    def discard(self, key: str) -> None:
        """Forget an entry, if it is there."""

    def record(self, archive: Callable[[Path], None]) -> None:
        """Let ``archive`` keep a run's record in a folder of the store."""


class NoStore:
    """Computes every step, and keeps a result no longer than somebody refers to it."""

    keeps = False

    def run(self, step: Step[T]) -> Result[T]:
        folder = tempfile.TemporaryDirectory(prefix="sciner-")  # goes with the last reference to it, in the result
        began = time.perf_counter()
        step.compute(Path(folder.name))
        seconds = time.perf_counter() - began
        return Result(step.key, False, seconds, lambda: step.load(Path(folder.name)))

    def has(self, key: str) -> bool:
        return False

    def discard(self, key: str) -> None: ...

    def record(self, archive: Callable[[Path], None]) -> None: ...


@dataclass
class DiskStore:
    """A folder of entries, shared by any number of processes of one machine.

    An entry is a folder under ``steps/``: the files a step wrote, and ``key.json`` with its inputs, the checksums of its
    files and its seconds. It is written under ``tmp/`` and renamed last. Nothing is synced to the platter: after a power
    cut the checksums tell, which every read verifies. Locks are the kernel's and end with their process.
    """

    root: Path
    keeps: bool = field(default=True, init=False)
    warned: set[str] = field(default_factory=set, init=False)

    def run(self, step: Step[T]) -> Result[T]:
        """As promised by Store. A store that cannot be written (full, read-only) is said aloud once; the step is computed
        all the same."""
        key = step.key
        try:
            if found := self._found(step, key):
                return found
            with self.locked(key):
                return self._found(step, key, locked=True) or self._computed(step, key)
        except NewerEntry as error:
            self._warn(str(error))
        except Exception as error:
            if not self._refused(error):
                raise
        return NoStore().run(step)

    def has(self, key: str) -> bool:
        return (self.entry(key) / "key.json").is_file()

    def listed(self) -> list[str]:
        """The key of every entry, damaged or not."""
        return sorted(p.name for p in (self.root / STEPS).glob("*") if p.is_dir())

    def entry(self, key: str) -> Path:
        return self.root / STEPS / key

    def discard(self, key: str) -> None:
        """As promised by Store: renamed, then deleted, so that a reader sees all of an entry or none of it."""
        place = self.root / TMP / f"{key}.{uuid.uuid4().hex}"
        try:
            with self.locked(key):
                self._move(key, place)
            shutil.rmtree(place, ignore_errors=True)
        except OSError as error:
            log.debug("%s stays: %s", key, error)

    def record(self, archive: Callable[[Path], None]) -> None:
        """As promised by Store, under ``runs/``."""
        try:
            archive(self.root / RUNS)
        except OSError as error:
            self._warn(f"the store {self.root} cannot be written ({error.strerror}): it has no record of this run")

    @contextmanager
    def locked(self, key: str, *, wait: bool = True) -> Iterator[None]:
        """Hold ``key``'s lock. Raises locks.Busy where another holds it and ``wait`` is off."""
        with held(self.root / LOCKS / f"{key}.lock", wait=wait):
            yield

    def _found(self, step: Step[T], key: str, *, locked: bool = False) -> Result[T] | None:
        """Only under the key's lock is a damaged entry set aside: another process may be about to replace it."""
        if not self.has(key):
            return None
        self._note_use(key)  # before it is looked at: see maintenance.evict
        try:
            seconds: float = self.meta(key)["seconds"]
        except Damaged as damage:
            if locked:
                self._set_aside(key, str(damage))
            return None
        return Result(key, True, seconds, lambda: self._load(step, key))

    def _computed(self, step: Step[T], key: str) -> Result[T]:
        """Compute, under the key's lock: what stands in its temporary folder was left by a process that is dead."""
        folder = self.root / TMP / key
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            began = time.perf_counter()
            step.compute(folder)
            seconds = time.perf_counter() - began
            meta = {
                "format": FORMAT,
                "step": step.NAME,
                "version": step.VERSION,
                "inputs": dict(step.inputs()),
                "files": {p.relative_to(folder).as_posix(): [p.stat().st_size, checksum(p)] for p in files_in(folder)},
                "seconds": seconds,
                "created": time.time(),
            }
            (folder / "key.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False), encoding="utf-8")
            self._set_aside(key, "key.json is missing")  # of an entry that is there and yet was not found
            self.entry(key).parent.mkdir(exist_ok=True)
            folder.rename(self.entry(key))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._note_use(key)
        return Result(key, False, seconds, lambda: self._load(step, key))

    def _load(self, step: Step[T], key: str) -> T:
        """Verify and read; what is damaged, or gone by now, is computed once more."""
        try:
            self.verify(key)
            return step.load(self.entry(key))
        except Damaged:
            try:
                self.set_aside_if_damaged(key)
            except OSError as error:
                if not self._refused(error):
                    raise
                return NoStore().run(step).load()
        except FileNotFoundError:
            if self.has(key):  # whole, and without what is wanted: computing again brings nothing new
                raise
        return self.run(step).load()

    def meta(self, key: str) -> dict[str, Any]:
        """What ``key.json`` says. Raises Damaged where it is missing or broken, NewerEntry where it is of a later format."""
        try:
            meta: dict[str, Any] = json.loads((self.entry(key) / "key.json").read_text(encoding="utf-8"))
            newer = meta["format"] > FORMAT
            same = newer or key == key_of(meta["step"], meta["version"], meta["inputs"])
            if not newer:  # what is read of it later must be there
                meta |= {"files": {name: (int(size), str(sha256)) for name, (size, sha256) in meta["files"].items()}}
                meta |= {name: float(meta[name]) for name in ("seconds", "created")}
        except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError) as error:
            raise Damaged(f"key.json is missing or broken, {type(error).__name__}") from None
        if newer:
            raise NewerEntry(f"{short_key(key)} was written by a newer sciner: its step is computed, and not kept")
        if not same:
            raise Damaged("key.json names other inputs")
        return meta

    def verify(self, key: str) -> None:
        """Raises Damaged for the first file that is not as it was written."""
        for name, (size, sha256) in self.meta(key)["files"].items():
            file = self.entry(key) / name
            if not file.is_file():
                raise Damaged(f"{name} is missing")
            if file.stat().st_size != size:
                raise Damaged(f"{name} has {file.stat().st_size} bytes instead of {size}")
            if checksum(file) != sha256:
                raise Damaged(f"{name} has changed")

    def set_aside_if_damaged(self, key: str) -> str | None:
        """Set an entry aside if it is damaged, and say how. Raises NewerEntry."""
        with self.locked(key):
            try:
                self.verify(key)
            except Damaged as damage:
                return str(damage) if self._set_aside(key, str(damage)) else None
        return None

    def _set_aside(self, key: str, why: str) -> bool:
        """False where there is no such entry."""
        place = self.root / ASIDE / f"{key}.{uuid.uuid4().hex[:8]}"
        if there := self._move(key, place):
            log.warning("store entry %s is damaged (%s): set aside as aside/%s", short_key(key), why, place.name)
        return there

    def _move(self, key: str, place: Path) -> bool:
        """False where there is no such entry."""
        if not self.entry(key).exists():
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.entry(key).rename(place)
        except FileNotFoundError:  # another process was first
            return False
        return True

    def _note_use(self, key: str) -> None:
        """For pruning: in this process's lease, for what is in use now, and as a time, for the least recently used."""
        try:
            self.lease.note(key)
            os.utime(self.entry(key) / "key.json")
        except OSError as error:
            log.debug("use of %s not noted: %s", key, error)

    @cached_property
    def lease(self) -> Lease:
        return Lease(self.root / LEASES)

    def _refused(self, error: Exception) -> bool:
        """Is it the store's folder that takes nothing, and not what the step itself met? Then say so, once."""
        if why := self._refusal(error):
            self._warn(f"the store {self.root} cannot be written ({why}): what is computed now is not kept")
        return bool(why)

    def _refusal(self, error: Exception) -> str | None:
        """Why the store's folder takes nothing, if that is what ``error`` says and not what the step itself met."""
        if isinstance(error, OSError) and error.errno in REFUSALS:
            ours = error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(self.root)
            return error.strerror if ours else None
        # safetensors has an exception of its own for a full disk
        return "No space left on device" if "os error 28" in str(error) else None

    def _warn(self, text: str) -> None:
        if text not in self.warned:
            log.warning("%s", text)
        self.warned.add(text)


def files_in(folder: Path) -> list[Path]:
    """All files below ``folder``, sorted."""
    return sorted(p for p in folder.rglob("*") if p.is_file())
