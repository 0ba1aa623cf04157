"""The first step at which two runs differ, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sciner.errors import InputError
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.select import Select
from sciner.results.folder import RunFolder
from sciner.store.disk import DiskStore
from sciner.store.lineage import meta_of
from sciner.store.step import KEY, step_of

ABSENT = "(absent)"  # as a value: the other side alone has it


@dataclass(frozen=True, slots=True)
class Difference:
    """An input, or a key of a configuration, by its dotted name, and its two values, or ABSENT."""

    name: str
    a: Any
    b: Any


class Pair(NamedTuple):
    """The keys of the steps of two runs at the same place; None for a run without a step there."""

    round: int
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Two steps that differ, and why.

    Attributes:
        a, b: their keys.
        inputs: in which they differ.
        missing: those of the two that the store does not have, so that their inputs are unknown.
        because: the steps that these inputs came from.
    """

    a: str
    b: str
    inputs: tuple[Difference, ...]
    missing: tuple[str, ...]
    because: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Parting:
    """A place where the runs took different steps, or (None) only one of them took any."""

    round: int
    a: str | None
    b: str | None
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Diff:
    """How two runs differ.

    Attributes:
        same: number of steps that agree before the first difference.
        rounds: of each run.
        partings: the first steps that differ; after it, if they are others, the first one whose
            inputs are known, and the first fit.
        config: what differs in config.yaml; None if a folder has none.
    """

    same: int
    rounds: tuple[int, int]
    partings: tuple[Parting, ...]
    config: tuple[Difference, ...] | None


# a result and its origins


# two runs


def diff(store: DiskStore | None, a: Path, b: Path) -> Diff:
    """Find where two runs differ, and why; without a store only where.

    Args:
        store: the store of both.
        a, b: folders of runs, or their rounds.jsonl.

    Raises:
        InputError: it is no run, or one of before there were steps.
    """
    one, other = (path.parent if path.is_file() else path for path in (a, b))
    taken = steps_of(one), steps_of(other)
    rounds = enumerate(zip_longest(*taken, fillvalue=()))
    pairs = [Pair(number, *keys) for number, both in rounds for keys in zip_longest(*both)]
    parted = [n for n, pair in enumerate(pairs) if pair.a != pair.b]
    shared = [n for n in parted if pairs[n].a and pairs[n].b]
    known = [n for n in shared if store and not missing(store, *pairs[n][1:])]
    fits = [n for n in shared if step_of(pairs[n].a) == step_of(pairs[n].b) == Fit.NAME]
    wanted = sorted({*parted[:1], *known[:1], *fits[:1]})
    partings = tuple(
        Parting(*pairs[n], cause(store, pairs[n], pairs[:n]) if n in shared else None)
        for n in wanted
    )
    same = parted[0] if parted else len(pairs)
    return Diff(same, (len(taken[0]), len(taken[1])), partings, config_differences(one, other))


def cause(store: DiskStore | None, pair: Pair, before: Sequence[Pair]) -> Cause:
    """Why the two steps of ``pair`` differ.

    before: the pairs before it, in which a training set was chosen.
    """
    gone = missing(store, *pair[1:])
    found: list[Difference] = []
    for name, one, other in zip(
        ("step", "version"), *((key or "").split("-")[:2] for key in pair[1:]), strict=True
    ):
        found += [Difference(name, one, other)] if one != other else []
    because = []
    if store and not gone and step_of(pair.a) == step_of(pair.b):
        inputs = list(differences(*(store.meta(key or "")["inputs"] for key in pair[1:])))
        found += inputs
        for d in inputs:
            ends = (
                (latest(before, 0, Select.NAME), latest(before, 1, Select.NAME))
                if d.name == "examples"
                else (d.a, d.b)
            )
            if ends[0] != ends[1] and all(
                isinstance(end, str) and KEY.fullmatch(end) for end in ends
            ):
                because.append(cause(store, Pair(pair.round, *ends), before))
    return Cause(pair.a or "", pair.b or "", tuple(found), gone, tuple(because))


def steps_of(folder: Path) -> list[list[str]]:
    """The keys of a run's steps, round by round.

    A fit that was repeated for its weights is no step of its round.

    Raises:
        InputError: it is no run, or one of before there were steps.
    """
    file = RunFolder(folder, folder).rounds
    if not file.is_file():
        raise InputError("no rounds.jsonl", file=folder, hint="give the folder of a run")
    rounds = []
    for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            steps = [(taken["step"], taken["key"]) for taken in json.loads(line)["steps"]]
        except KeyError:
            raise InputError(
                "no steps: the run is older than the store", file=file, line=n, hint="run it again"
            ) from None
        except (ValueError, TypeError):
            raise InputError("this is not a line of a run", file=file, line=n) from None
        names = [name for name, _ in steps]
        # in front of it, only earlier fits are done again
        chosen = names.index(Select.NAME) if Select.NAME in names else -1
        own = names.index(Fit.NAME, chosen + 1) if Fit.NAME in names[chosen + 1 :] else -1
        rounds.append([key for i, (name, key) in enumerate(steps) if name != Fit.NAME or i == own])
    return rounds


def config_differences(a: Path, b: Path) -> tuple[Difference, ...] | None:
    """Of the folders' config.yaml; None where one of them has none that can be read."""
    import yaml

    try:
        found = [
            yaml.safe_load(RunFolder(folder, folder).config.read_text(encoding="utf-8"))
            for folder in (a, b)
        ]
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return tuple(differences(*found))


def differences(a: Any, b: Any, name: str = "") -> Iterator[Difference]:
    """Yield every value in which ``a`` and ``b`` differ.

    Dictionaries are compared by key, and lists of one length item by item.
    """
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys((*a, *b)):
            yield from differences(
                a.get(key, ABSENT), b.get(key, ABSENT), f"{name}.{key}".lstrip(".")
            )
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for n, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from differences(one, other, f"{name}.{n}")
    elif a != b or type(a) is not type(b):  # 1, 1.0 and true are three values
        yield Difference(name, a, b)


def latest(pairs: Sequence[Pair], side: Literal[0, 1], step: str) -> str | None:
    """The key of the last ``step`` that one side took."""
    keys = [pair.b if side else pair.a for pair in pairs]
    return next((key for key in reversed(keys) if step_of(key) == step), None)


def missing(store: DiskStore | None, *keys: str | None) -> tuple[str, ...]:
    """Those whose inputs ``store`` cannot tell."""
    return tuple(key for key in keys if key and (store is None or meta_of(store, key) is None))
