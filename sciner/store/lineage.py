"""Where a result comes from: the chain of steps that it was computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.store.disk import DiskStore
from sciner.store.entry import Damaged, NewerEntry, files_in
from sciner.store.step import KEY, Step, short_key

Steps = Mapping[str, type[Step[Any]]]  # the steps as they are now, by name


@dataclass(frozen=True, slots=True)
class Origin:
    """An input that is itself a step.

    Attributes:
        name: of the input.
        key: of the step.
        there: whether its entry is in the store.
        seconds: that computing it took.
        origins: its own inputs that are steps.
    """

    name: str
    key: str
    there: bool
    seconds: float
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """An entry, for people.

    Attributes:
        key, step, version, inputs: of the entry.
        files: bytes by name.
        seconds: that computing it took.
        created, used: in seconds since 1970.
        results: its figures by name.
        origins: its inputs that are steps; empty for a step that was shown further up.
    """

    key: str
    step: str
    version: int
    inputs: Mapping[str, Any]
    files: Mapping[str, int]
    seconds: float
    created: float
    used: float
    results: Mapping[str, float]
    origins: tuple[Origin, ...]


def find(store: DiskStore, prefix: str) -> str:
    """Find the key with this prefix.

    Raises:
        InputError: no key has it, or several have.
    """
    found = [key for key in store.listed() if key.startswith(prefix)]
    if prefix in found or len(found) == 1:
        return prefix if prefix in found else found[0]
    if not found:
        raise InputError(
            f"no entry begins with {prefix!r}",
            hint="rounds.jsonl has the keys of a run, under steps",
        )
    shown = ", ".join(short_key(key) for key in found[:3])
    raise InputError(
        f"{len(found)} entries begin with {prefix!r}",
        hint=f"write more of it: {shown}{', …' * (len(found) > 3)}",
    )


def describe(store: DiskStore, prefix: str, steps: Steps) -> Description:
    """Describe the entry whose key has this prefix.

    Args:
        store: the store.
        prefix: of the key.
        steps: the classes of the steps, which say which figures an entry holds.

    Raises:
        InputError: no entry has it, several have, or it cannot be read.
    """
    key = find(store, prefix)
    try:
        meta = store.meta(key)
    except (Damaged, NewerEntry) as error:
        raise InputError(
            str(error), file=key, hint="sciner store verify sets damaged entries aside"
        ) from None
    folder = store.entry(key)
    files = {p.relative_to(folder).as_posix(): p.stat().st_size for p in files_in(folder)}
    used = (folder / "key.json").stat().st_mtime
    came = origins(store, meta["inputs"], {key})
    return Description(
        key,
        meta["step"],
        meta["version"],
        meta["inputs"],
        files,
        meta["seconds"],
        meta["created"],
        used,
        results(steps.get(meta["step"]), meta["version"], folder),
        came,
    )


def origins(store: DiskStore, inputs: Any, seen: set[str]) -> tuple[Origin, ...]:
    """The steps among ``inputs``, each with its own; those in ``seen`` are not followed again."""
    found = []
    for name, key in leaves(inputs):
        if isinstance(key, str) and KEY.fullmatch(key):
            meta = meta_of(store, key)
            fresh = meta is not None and key not in seen
            seen.add(key)
            deeper = origins(store, meta["inputs"], seen) if meta and fresh else ()
            found.append(
                Origin(name, key, meta is not None, meta["seconds"] if meta else 0.0, deeper)
            )
    return tuple(found)


def results(step: type[Step[Any]] | None, version: int, folder: Path) -> dict[str, float]:
    """The figures that a step left, by name.

    None of a step that is unknown, or that had another meaning in that version.
    """
    if step is None or version != step.VERSION:
        return {}
    try:
        found = step.figures(folder)
    except Exception:  # whatever its library raises
        return {}
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of everything in ``value`` but dictionaries and lists."""
    if isinstance(value, Mapping | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from leaves(item, f"{name}.{key}".lstrip("."))
    else:
        yield name, value


def meta_of(store: DiskStore, key: str) -> dict[str, Any] | None:
    """The record of an entry; None if it cannot be read."""
    try:
        return store.meta(key)
    except (Damaged, NewerEntry):
        return None
