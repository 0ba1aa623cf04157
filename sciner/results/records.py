"""Finished runs as they left themselves on disk: run folders, or the store's records."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.results.folder import VERSION

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """A finished run: its folder, ``run.json`` and the lines of ``rounds.jsonl``."""

    folder: Path
    about: dict[str, Any]
    rounds: list[dict[str, Any]]

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
        return int(self.rounds[0].get("version", 0)) if self.rounds else VERSION

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
    """The finished runs in and below ``places``, the oldest first; with ``sweep`` only those of
    that sweep, with ``ids`` only these (sciner's or MLflow's). pruned: trials of a search that was
    given up after some of their rounds, too. A run whose files cannot be read is left out, with a
    warning.

    Raises InputError for a place that does not exist, where there is no such run, for an id that
    none has, and for a run of an older sciner.
    """
    found: dict[str, Record] = {}
    for place in places:
        if not place.is_dir():
            raise InputError(
                f"{place} is no folder", hint="give run or sweep folders, or --store DIR"
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
    if older := [r for r in kept if r.version < VERSION]:
        raise InputError(
            "a run of an older sciner, whose settings had other names",
            file=older[0].folder,
            hint="run it again, and delete it",
        )
    return sorted(kept, key=lambda r: float(r.about["started"]))


def read_records(place: Path, pruned: bool = False) -> Iterator[Record]:
    ended = ("FINISHED", "KILLED") if pruned else ("FINISHED",)
    for file in sorted(place.rglob("run.json")):
        try:
            about = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.warning("%s: this is no record of a run (%s); the run is left out", file, error)
            continue
        if isinstance(about, dict) and about.get("status") in ended and "id" in about:
            rounds = file.with_name("rounds.jsonl")
            try:
                lines = rounds.read_text(encoding="utf-8").splitlines()
                found = [json.loads(line) for line in lines]
            except (OSError, ValueError) as error:
                log.warning(
                    "%s: the rounds of a finished run cannot be read (%s); the run is left out",
                    rounds,
                    error,
                )
                continue
            yield Record(file.parent, about, found)
