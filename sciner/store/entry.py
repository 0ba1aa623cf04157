"""An entry of the store: its record, and whether it is complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sciner.hashing import checksum
from sciner.store.refusals import reason
from sciner.store.step import key_of, short_key

FORMAT = 1  # of an entry's key.json
YEAR_5000 = 1e11  # in seconds since 1970
# what reading a record raises that is none
BROKEN = (
    ValueError,
    ArithmeticError,
    RecursionError,
    KeyError,
    TypeError,
    AttributeError,
    FileNotFoundError,
)


class Damaged(Exception):
    """An entry whose files are not those that were written."""


class Unreadable(Damaged):
    """An entry that this process may not read; it may be complete, so it stays."""


class NewerEntry(Exception):
    """An entry in a format that this version does not know."""


def read_meta(entry: Path) -> dict[str, Any]:
    """Read ``key.json`` of the folder ``entry``.

    Raises:
        Damaged: it is missing or broken.
        Unreadable: it may not be read.
        NewerEntry: it has a later format.
    """
    key = entry.name
    try:
        meta: dict[str, Any] = json.loads((entry / "key.json").read_text(encoding="utf-8"))
        newer = meta["format"] > FORMAT
        same = newer or key == key_of(meta["step"], meta["version"], meta["inputs"])
        if not newer:  # what is read of it later must be there
            meta |= {
                "files": {
                    name: (int(size), str(sha256)) for name, (size, sha256) in meta["files"].items()
                }
            }
            meta |= {name: seconds(meta[name]) for name in ("seconds", "created")}
    except BROKEN as error:
        raise Damaged(f"key.json is missing or broken, {type(error).__name__}") from None
    except OSError as error:
        raise Unreadable(f"key.json of {short_key(key)}: {reason(error)}") from None
    if newer:
        raise NewerEntry(
            f"{short_key(key)} was written by a newer sciner: its step is computed, and not kept"
        )
    if not same:
        raise Damaged("key.json names other inputs")
    return meta


def seconds(value: Any) -> float:
    """A duration, or a time since 1970.

    Raises:
        ValueError: it is neither.
    """
    found = float(value)
    if not 0 <= found < YEAR_5000:  # also NaN
        raise ValueError
    return found


def verify(entry: Path) -> None:
    """Check every file against its checksum.

    Raises:
        Damaged: a file has changed; the first one is named.
        Unreadable: a file may not be read.
    """
    for name, (size, sha256) in read_meta(entry)["files"].items():
        file = entry / name
        try:
            if not file.is_file():
                raise Damaged(f"{name} is missing")
            if file.stat().st_size != size:
                raise Damaged(f"{name} has {file.stat().st_size} bytes instead of {size}")
            if checksum(file) != sha256:
                raise Damaged(f"{name} has changed")
        except FileNotFoundError:  # it has gone in between
            raise Damaged(f"{name} is missing") from None
        except OSError as error:
            raise Unreadable(f"{name} of {short_key(entry.name)}: {reason(error)}") from None


def damage(entry: Path, read: Callable[[Path], object]) -> str | None:
    """What is wrong with an entry's files, or with their content if ``read`` fails on them.

    Raises:
        NewerEntry, Unreadable: it cannot be judged.
    """
    try:
        verify(entry)
        read(entry)
    except (NewerEntry, Unreadable, MemoryError):  # these say nothing about the files
        raise
    except Damaged as fault:
        return str(fault)
    except Exception as error:  # a library's, whichever it is
        first = next(iter(str(error).splitlines()), "")
        return f"cannot be read back, {type(error).__name__}: {first}"
    return None


def files_in(folder: Path) -> list[Path]:
    """All files below ``folder``, sorted."""
    return sorted(p for p in folder.rglob("*") if p.is_file())
