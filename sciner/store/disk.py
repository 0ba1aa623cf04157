"""The store: results of steps, addressed by what they were computed from.

What exists is complete, and it is not computed again, by this run or any other.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from sciner.hashing import checksum
from sciner.store.entry import (
    FORMAT,
    Damaged,
    NewerEntry,
    Unreadable,
    damage,
    files_in,
    read_meta,
    verify,
)
from sciner.store.layout import ASIDE, LEASES, LOCKS, RUNS, STEPS, TMP
from sciner.store.locks import Kind, Lease, held, kind_in
from sciner.store.refusals import for_the_store, reason, refusal_of_a_step
from sciner.store.step import Result, Step, short_key
from sciner.store.store import NoStore

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass
class DiskStore:
    """A folder of entries, shared by any number of processes, on machines that share its folder.

    An entry is a folder under ``steps/``: the files that a step wrote, and ``key.json`` with its
    inputs, the checksums of its files and its seconds. It is written under ``tmp/`` and renamed
    last: two processes that compute one step, because a lease ended too early (``store.locks``),
    waste time and do no damage. Nothing is synced to disk; after a power failure the checksums,
    which every read verifies, show what was lost.
    """

    root: Path
    locks: Kind = "auto"
    keeps: bool = field(default=True, init=False)
    warned: set[str] = field(default_factory=set, init=False)
    refused: bool = field(default=False, init=False)  # and said so

    def run(self, step: Step[T]) -> Result[T]:
        """See ``Store.run``.

        A store that cannot be used (full, read-only, without locks) is reported once, and the step
        is computed all the same.
        """
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
        try:
            return (self.entry(key) / "key.json").is_file()
        except OSError:  # what may not be looked at is as good as not there
            return False

    def listed(self) -> list[str]:
        """The key of every entry, damaged or not."""
        return sorted(p.name for p in (self.root / STEPS).glob("*") if p.is_dir())

    def entry(self, key: str) -> Path:
        return self.root / STEPS / key

    def discard(self, key: str) -> None:
        """See ``Store.discard``.

        The entry is renamed before it is deleted, so that a reader sees all of it or nothing.
        """
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
            self._refuse(f"written ({reason(error)}): it has no record of this run")

    @contextmanager
    def locked(self, key: str, *, wait: float = math.inf) -> Iterator[None]:
        """Hold the lock of ``key``, and see what its last holder wrote.

        NFS remembers for up to a minute what a folder did not have, unless the folder is opened.

        Raises:
            locks.Busy: another process holds it for ``wait`` seconds.
            Refused: the file system has no locks.
        """
        with ExitStack() as stack:
            with for_the_store():
                lock = self.root / LOCKS / f"{key}.lock"
                stack.enter_context(held(lock, wait=wait, kind=self.locks))
                for folder in (self.root, self.root / STEPS):
                    with suppress(FileNotFoundError):
                        os.close(os.open(folder, os.O_RDONLY))
            yield

    def _found(self, step: Step[T], key: str, *, locked: bool = False) -> Result[T] | None:
        """Look an entry up.

        A damaged entry is set aside only under the key's lock: another process may be about to
        replace it.
        """
        with for_the_store():  # what may not be looked at must not be computed over
            if not (self.entry(key) / "key.json").is_file():
                return None
        self._note_use(key)  # before it is looked at: see prune.evict
        try:
            seconds: float = self.meta(key)["seconds"]
        except Unreadable:
            raise
        except Damaged as fault:
            if locked:
                self._set_aside(key, str(fault))
            return None
        return self._result(step, key, True, seconds)

    def _computed(self, step: Step[T], key: str) -> Result[T]:
        """Compute, under the key's lock.

        What a process that has died left in its temporary folder goes. A result that cannot be read
        back is an error of the step, and never an entry.
        """
        self._remove_leftovers(key)
        folder = self.root / TMP / f"{key}.{uuid.uuid4().hex}"
        with for_the_store():
            folder.mkdir(parents=True)
        try:
            log.debug("computing %s", key)
            began = time.perf_counter()
            step.compute(folder)
            seconds = time.perf_counter() - began
            step.read_back(folder)
            meta = {
                "format": FORMAT,
                "step": step.NAME,
                "version": step.VERSION,
                "inputs": dict(step.inputs()),
                "files": {
                    p.relative_to(folder).as_posix(): [p.stat().st_size, checksum(p)]
                    for p in files_in(folder)
                },
                "seconds": seconds,
                "created": time.time(),
            }
            with for_the_store():
                text = json.dumps(meta, indent=1, ensure_ascii=False)
                (folder / "key.json").write_text(text, encoding="utf-8")
                self.publish(folder, key)
            log.debug("computed %s", key)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._note_use(key)
        return self._result(step, key, False, seconds)

    def _remove_leftovers(self, key: str) -> None:
        """Remove unfinished folders of ``key``; a lease does not tell that nobody writes them."""
        if kind_in(self.root / LOCKS, self.locks) == "flock":
            for left in (self.root / TMP).glob(f"{key}.*"):
                shutil.rmtree(left, ignore_errors=True)

    def publish(self, folder: Path, key: str) -> None:
        """Make ``folder`` the entry, unless a process whose lease was lost has been faster."""
        if not self.has(key):
            self._set_aside(key, "key.json is missing")  # it is there and yet was not found
            self.entry(key).parent.mkdir(exist_ok=True)
        try:
            folder.rename(self.entry(key))
        except OSError:
            if not self.has(key):
                raise
            shutil.rmtree(folder, ignore_errors=True)

    def _result(self, step: Step[T], key: str, hit: bool, seconds: float) -> Result[T]:
        load, renew = partial(self._load, step, key), partial(self._renewed, step, key)
        return Result(key, hit, seconds, load, renew)

    def _load(self, step: Step[T], key: str) -> T:
        """Verify and read; what cannot be read, whatever its library raises, is renewed."""
        try:
            self.verify(key)
            return step.load(self.entry(key))
        except Exception:
            return self._renewed(step, key)

    def _renewed(self, step: Step[T], key: str) -> T:
        """The value after reading it failed.

        If the entry cannot be read under its lock either, or is gone, it is computed once more.
        """
        try:
            fault = self.set_aside_if_damaged(key, step.read_back)
        except Exception as error:
            if not self._refused(error):
                raise
            return NoStore().run(step).load()
        if fault is None and self.has(key):  # another process has replaced it
            return step.load(self.entry(key))
        return self.run(step).load()

    def meta(self, key: str) -> dict[str, Any]:
        """Return what ``key.json`` says; raises as ``entry.read_meta`` does."""
        return read_meta(self.entry(key))

    def verify(self, key: str) -> None:
        """Check an entry's files; raises as ``entry.verify`` does."""
        verify(self.entry(key))

    def set_aside_if_damaged(self, key: str, read: Callable[[Path], object]) -> str | None:
        """Set an entry aside if it is damaged.

        Returns:
            How it is damaged (``entry.damage``); None if it is not.

        Raises:
            NewerEntry, Unreadable: it cannot be judged.
            Refused: the store cannot be written.
        """
        with self.locked(key):
            why = damage(self.entry(key), read)
            return why if why and self._set_aside(key, why) else None

    def _set_aside(self, key: str, why: str) -> bool:
        """Set an entry aside; False if there is none."""
        place = self.root / ASIDE / f"{key}.{uuid.uuid4().hex[:8]}"
        if there := self._move(key, place):
            log.warning(
                "store entry %s is damaged (%s): set aside as aside/%s",
                short_key(key),
                why,
                place.name,
            )
        return there

    def _move(self, key: str, place: Path) -> bool:
        """Move an entry; False if there is none."""
        if not self.entry(key).exists():
            return False
        with for_the_store():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                self.entry(key).rename(place)
            except FileNotFoundError:  # another process was first
                return False
        return True

    def _note_use(self, key: str) -> None:
        """Note the use of an entry, for pruning.

        In this process's lease, for what is in use now, and as a time, for the least recently used.
        """
        try:
            self.lease.note(key)
            os.utime(self.entry(key) / "key.json")
        except OSError as error:
            log.debug("use of %s not noted: %s", key, error)

    @cached_property
    def lease(self) -> Lease:
        return Lease(self.root / LEASES, self.locks)

    def _refused(self, error: Exception) -> bool:
        """Whether the store cannot be used, rather than the step having failed; says so once."""
        if isinstance(error, Unreadable):
            self._refuse(f"read ({error}): what is computed now is not kept")
        elif why := refusal_of_a_step(error, self.root):
            self._refuse(f"written ({why}): what is computed now is not kept")
        else:
            return False
        return True

    def _refuse(self, problem: str) -> None:
        """Warn once, whatever the store is asked for later."""
        if not self.refused:
            self._warn(f"the store {self.root} cannot be {problem}")
        self.refused = True

    def _warn(self, text: str) -> None:
        if text not in self.warned:
            log.warning("%s", text)
        self.warned.add(text)
