"""Finished runs as they are on disk: run folders, or the store's records."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from sciner.errors import InputError
from sciner.printable import printable
from sciner.results.folder import VERSION

log = logging.getLogger(__name__)
DEEPEST, ALIASES = 50, 10  # of config.yaml: aliases of aliases can become very large


@dataclass(frozen=True, slots=True)
class Record:
    """A finished run: its folder, ``run.json``, the lines of ``rounds.jsonl``, ``config.yaml``."""

    folder: Path
    about: dict[str, Any]
    rounds: list[dict[str, Any]]
    config: dict[str, Any]

    @property
    def sweep(self) -> str | None:
        sweep: str | None = self.about["tags"].get("sciner.sweep")
        return sweep

    @property
    def corpus(self) -> str:
        corpus: str = self.about["tags"].get("sciner.corpus", "")
        return corpus

    @property
    def version(self) -> int:
        """Of its lines."""
        return int(self.rounds[0].get("version", 0))

    @property
    def labels(self) -> list[str]:
        """Its classes."""
        labels: list[str] = self.about["labels"]
        return labels

    @property
    def ids(self) -> set[str]:
        """Its own, and MLflow's if it was tracked there."""
        return {self.about["id"], self.about.get("mlflow", self.about["id"])}


def records(
    places: Iterable[Path],
    sweep: str | None = None,
    ids: Sequence[str] = (),
    *,
    pruned: bool = False,
) -> list[Record]:
    """The finished runs in and below ``places``, the oldest first.

    A run whose files cannot be read is left out, with a warning.

    Args:
        places: folders.
        sweep: only those of this sweep.
        ids: only these (sciner's or MLflow's).
        pruned: also trials of a search that were pruned.

    Raises:
        InputError: a place does not exist, there is no such run, no run has an id, or a run is of
            an older sciner.
    """
    found: dict[str, Record] = {}
    for place in places:
        if not place.is_dir():
            raise InputError(
                f"{place} is not a folder", hint="give run or sweep folders, or --store DIR"
            )
        found |= {record.about["id"]: record for record in read_records(place, pruned)}
    if lost := [id for id in ids if not any(id in r.ids for r in found.values())]:
        raise InputError(
            f"no finished run {lost[0]} was found", hint="a run is recorded when it has ended"
        )
    kept = [
        r
        for r in found.values()
        if (sweep is None or r.sweep == sweep) and (not ids or not r.ids.isdisjoint(ids))
    ]
    if not kept:
        sweeps = sorted({r.sweep for r in found.values() if r.sweep})
        known = (
            f"sweeps there: {', '.join(sweeps[-5:])}"
            if sweeps
            else "a run is recorded when it has ended"
        )
        raise InputError(
            f"no finished run{f' of sweep {sweep}' if sweep else ''} was found", hint=known
        )
    for record in kept:
        if record.version < VERSION:
            raise InputError(
                "a run of an older sciner, whose settings had other names",
                file=record.folder,
                hint="run it again, and delete it",
            )
        if record.version > VERSION:
            raise InputError(
                "a run of a newer sciner", file=record.folder, hint="read it with that version"
            )
    return sorted(kept, key=lambda r: float(r.about["started"]))


def read_records(place: Path, pruned: bool = False) -> Iterator[Record]:
    """Yield the records below a folder."""
    ended = ("FINISHED", "KILLED") if pruned else ("FINISHED",)
    for file in sorted(place.rglob("run.json")):
        try:
            about = read(file, json.loads, dict[str, Any])
            if about.get("status") in ended and "id" in about:
                yield Record(
                    file.parent,
                    read(file, json.loads, About),
                    read(file.with_name("rounds.jsonl"), parse_lines, Lines),
                    read(file.with_name("config.yaml"), parse_yaml, dict[str, Any]),
                )
        except InputError as error:
            log.warning("%s; the run is left out", printable(str(error)))


class Setting(BaseModel):
    """What readers count on in ``params``; more stands there."""

    seed: int


class About(BaseModel):
    """What readers count on in ``run.json``; more stands there."""

    id: str
    name: str
    params: Setting
    tags: dict[str, str]
    labels: list[str]
    cache: str
    started: float
    ended: float


Whole = Annotated[int, Field(strict=True, ge=0)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Line(BaseModel):
    """What readers count on in a line of ``rounds.jsonl``; more stands there."""

    version: Whole = 0
    round: Whole
    scores: dict[str, Finite]
    losses: list[tuple[int, float]]
    counts: dict[str, list[list[Whole]]] = {}
    warnings: list[str] = []


def in_order(lines: list[Line]) -> list[Line]:
    """Check that every round has one line; without a seed set the first is round 1."""
    numbers = [line.round for line in lines]
    if numbers != [*range(min(numbers[0], 1), len(lines) + min(numbers[0], 1))]:
        raise ValueError(f"its rounds are {', '.join(map(str, numbers))}")
    return lines


Lines = Annotated[list[Line], Field(min_length=1), AfterValidator(in_order)]


def parse_lines(text: str) -> list[Any]:
    """Parse JSON lines.

    Raises:
        ValueError: a line is none; its number is named.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"line {number}, column {error.colno}: {error.msg}") from None
    return found


def parse_yaml(text: str) -> Any:
    """Parse YAML.

    Raises:
        ValueError: it is none, or too deep or too large to be a configuration.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C: six times faster
    depth = aliases = 0
    try:
        for event in yaml.parse(text, loader):  # flat, while loading would recur
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if depth > DEEPEST or aliases > ALIASES:
                raise ValueError("no configuration is so deep, or has so many aliases")
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        raise ValueError(error) from None


def read(file: Path, parse: Callable[[str], Any], shape: Any) -> Any:
    """Read a file of a run.

    Raises:
        InputError: it cannot be read, or has another ``shape`` (a type for pydantic).
    """
    try:
        content = parse(file.read_text(encoding="utf-8"))
        TypeAdapter(shape).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))} {first['msg']}"
    except (OSError, ValueError, RecursionError) as error:
        why = str(error)
    else:
        return content
    raise InputError(f"this is not the record of a run ({why.strip()})", file=file)
