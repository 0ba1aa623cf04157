"""Copies finished entries from a store to a mirror (push), and from a mirror to a store (pull)."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sciner.errors import InputError
from sciner.progress import bar
from sciner.store.disk import DiskStore
from sciner.store.entry import Damaged, NewerEntry, damage
from sciner.store.layout import STEPS, TMP
from sciner.store.locks import Busy
from sciner.store.maintenance import said_plainly
from sciner.store.mirror import FILES, Files, Mirror, files_of

AT_ONCE = 8  # entries: object storage takes its time, but for many at once

Read = Callable[[Path], object]


@dataclass(slots=True)
class Copied:
    """What was copied, or would be.

    Attributes:
        entries: number of those that were copied.
        bytes: of their files and records.
        there: number of entries that were there already.
        busy: number of entries that another process is computing or removing.
        refused: why an entry was not copied, by key.
    """

    entries: int = 0
    bytes: int = 0
    there: int = 0
    busy: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def push(store: DiskStore, mirror: Mirror, *, dry_run: bool = False) -> Copied:
    """Copy every entry that ``mirror`` lacks.

    Args:
        store: the store.
        mirror: the mirror.
        dry_run: only report.

    Raises:
        InputError: the store or the mirror cannot be used.
    """
    here, there = store.listed(), set(mirror.keys())
    if not dry_run:
        mirror.prepare()
    copy = (
        partial(size_here, store)
        if dry_run
        else partial(push_entry, store, mirror, mirror.listed(FILES))
    )
    with said_plainly(store.root, "mirrored"):
        found = each("push", [key for key in here if key not in there], copy)
    found.there = len(there.intersection(here))
    return found


def push_entry(store: DiskStore, mirror: Mirror, there: dict[str, int], key: str) -> int:
    """Copy those files of an entry that are not there, then its record; return the entry's bytes.

    Args:
        store: the store.
        mirror: the mirror.
        there: bytes of the mirror's files by checksum; gets those that are added.
        key: of the entry.

    Raises:
        Damaged, NewerEntry: it cannot be copied.
        Busy: another process is computing or removing it.
    """
    entry = store.entry(key)
    with store.locked(key, wait=0):
        store.verify(key)
        files = files_of(store.meta(key))
        for name, (size, sha256) in files.items():
            if there.get(sha256) != size:
                mirror.put(entry / name, f"{FILES}/{sha256}")
                there[sha256] = size
        mirror.put(entry / "key.json", f"{STEPS}/{key}.json")
        return size_of(files, entry)


def size_here(store: DiskStore, key: str) -> int:
    """The bytes of an entry, which ``push_entry`` would copy."""
    return size_of(files_of(store.meta(key)), store.entry(key))


def pull(store: DiskStore, mirror: Mirror, read: Read, *, dry_run: bool = False) -> Copied:
    """Copy every entry that ``store`` lacks; each is checked as the store checks its own.

    Args:
        store: the store; it is made if there is none.
        mirror: the mirror.
        read: reads the content of an entry's folder; if it raises, the entry is refused.
        dry_run: only report.

    Raises:
        InputError: there is no mirror, or the store or the mirror cannot be used.
    """
    there, files = mirror.keys(), mirror.listed(FILES)
    if not there:
        raise InputError(
            "there is no mirror", file=mirror.url, hint="sciner store push URL makes one"
        )
    wanted = [key for key in there if not store.has(key)]
    copy = (
        partial(size_there, mirror, files)
        if dry_run
        else partial(pull_entry, store, mirror, files, read)
    )
    with said_plainly(store.root, "mirrored"):
        found = each("pull", wanted, copy)
    found.there = len(there) - len(wanted)
    return found


def pull_entry(
    store: DiskStore, mirror: Mirror, there: Mapping[str, int], read: Read, key: str
) -> int:
    """Copy an entry to a place where it is checked, then rename it; return its bytes.

    Args:
        store: the store.
        mirror: the mirror.
        there: bytes of the mirror's files by checksum.
        read: see ``pull``.
        key: of the entry.

    Raises:
        Damaged, NewerEntry: it is refused.
        Busy: another process is computing it.
    """
    with store.locked(key, wait=0):
        place = store.root / TMP / f"{key}.{uuid.uuid4().hex}"
        folder = place / key
        try:
            files = mirror.record(key, folder, there)
            for name, (_, sha256) in files.items():
                mirror.get(f"{FILES}/{sha256}", folder / name)
            try:
                why = damage(folder, read)
            except MemoryError:  # a few bytes may claim to be a large array
                why = "it needs more memory than there is"
            if why:
                raise Damaged(why)
            total = size_of(files, folder)
            store.publish(folder, key)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return total


def size_there(mirror: Mirror, there: Mapping[str, int], key: str) -> int:
    """The bytes of an entry, which ``pull_entry`` would copy."""
    with TemporaryDirectory(prefix="sciner-") as scratch:
        folder = Path(scratch) / key
        return size_of(mirror.record(key, folder, there), folder)


def size_of(files: Files, folder: Path) -> int:
    """Bytes of an entry's ``files`` and of its record, which is in ``folder``."""
    return sum(size for size, _ in files.values()) + (folder / "key.json").stat().st_size


def each(doing: str, keys: Sequence[str], copy: Callable[[str], int]) -> Copied:
    """Copy entries, several at a time.

    Args:
        doing: what the progress bar says.
        keys: of the entries.
        copy: copies one, and returns its bytes.
    """
    found = Copied()
    with ThreadPoolExecutor(AT_ONCE) as pool, bar(doing, len(keys)) as advance:
        jobs = {pool.submit(copy, key): key for key in keys}
        try:
            for job in as_completed(jobs):
                try:
                    found.bytes += job.result()
                    found.entries += 1
                except Busy:
                    found.busy += 1
                except NewerEntry:
                    found.refused[jobs[job]] = "written by a newer sciner"
                except Damaged as why:
                    found.refused[jobs[job]] = str(why)
                advance(1)
        except BaseException:  # Ctrl-C, or the mirror cannot be reached
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found
