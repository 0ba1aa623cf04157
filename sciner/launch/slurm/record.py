"""A submitted sweep as files in its folder, which any shell can read, also after a reboot.

multirun/…/.sweep/
  sweep.json      what was submitted: points and their jobs
  code/           the code that they run
  7.jsonl         when point 7 began and was stopped, one line each
  7.json          how it ended
  cancelled       somebody asked so
  secrets.json    passwords of addresses, for the owner's eyes, until the last point has ended
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.launch.job import Outcome, read_outcome
from sciner.launch.slurm import queue
from sciner.redact import known
from sciner.results.folder import write_whole

FOLDER = ".sweep"


@dataclass(frozen=True)
class Point:
    """A point as it was submitted.

    Attributes:
        name: its overrides that differ from the other points.
        job: Slurm's id.
        fit: a digest of what its first fit depends on.
        waits: whether it waits for another point to do the fit that they share.
        directory: of its run.
        log: the file with what its job prints, ``.out``; ``.err`` is beside it.
    """

    name: str
    job: str
    fit: str
    waits: bool
    directory: str
    log: str


@dataclass(frozen=True)
class Record:
    """folder: the sweep's ``.sweep``."""

    folder: Path

    @classmethod
    def find(cls, sweep: str) -> Record:
        """Of the sweep with this folder or id. Raises InputError where there is none."""
        places = [Path(sweep) / FOLDER, *sorted(Path("multirun").glob(f"*/*/{FOLDER}"))]
        for place in places:
            record = cls(place.absolute())
            if (place / "sweep.json").is_file() and (place is places[0] or record.id == sweep):
                return record
        raise InputError(
            f"{sweep}: no submitted sweep has this folder or id",
            hint="`sciner sweep submit` prints the folder",
        )

    @cached_property
    def about(self) -> Mapping[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "sweep.json").read_text("utf-8"))
        return found

    @property
    def id(self) -> str:
        return str(self.about["id"])

    @cached_property
    def points(self) -> dict[int, Point]:
        return {int(n): Point(**point) for n, point in self.about["points"].items()}

    def write(self, sweep: str, points: Mapping[int, Point]) -> None:
        """What was submitted. sweep: its id."""
        told = {n: asdict(point) for n, point in sorted(points.items())}
        about = {"version": 1, "id": sweep, "submitted": time.time(), "points": told}
        write_whole(self.folder / "sweep.json", json.dumps(about, indent=1, ensure_ascii=False))

    def note(self, number: int, event: str, **more: Any) -> None:
        """A line on what happens to a point: it ``begins``, or is ``stopped``."""
        line = {"event": event, "time": time.time(), "node": socket.gethostname(), **more}
        with (self.folder / f"{number}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def events(self, number: int) -> list[dict[str, Any]]:
        """The lines of ``note``; the last may have been torn by the death of a node."""
        try:
            lines = (self.folder / f"{number}.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return list(whole(lines))

    def outcome(self, number: int) -> Outcome | None:
        """How a point ended; None before."""
        return read_outcome(self.folder / f"{number}.json")

    @property
    def complete(self) -> bool:
        """Has every point ended?"""
        return all((self.folder / f"{number}.json").is_file() for number in self.points)

    @property
    def cancelled(self) -> bool:
        return (self.folder / "cancelled").exists()

    def keep_secrets(self) -> None:
        """Write the passwords of the words for the jobs, readable by the owner only."""
        if known():
            place = os.open(self.folder / "secrets.json", os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(place, "w", encoding="utf-8") as stream:
                json.dump(known(), stream)

    def take_secrets(self) -> None:
        """Into the environment of this process, where ``redact`` looks for them."""
        if (place := self.folder / "secrets.json").is_file():
            os.environ.update(json.loads(place.read_text(encoding="utf-8")))

    def drop_secrets(self) -> None:
        (self.folder / "secrets.json").unlink(missing_ok=True)


def record_folder(sweep: Path) -> Path:
    """Make an empty ``.sweep`` in the folder of a sweep.

    Raises:
        InputError: jobs of an earlier sweep in this folder are still queued.
    """
    record = Record(sweep.absolute() / FOLDER)
    if (record.folder / "sweep.json").is_file():
        jobs = {point.job for point in record.points.values()}
        queued = queue.queued()
        if not record.complete and (queued is None or jobs & set(queued)):
            raise InputError(
                "jobs of a sweep in this folder are still queued, or Slurm does not answer",
                file=sweep,
                hint=f"sciner sweep status {sweep}",
            )
    shutil.rmtree(record.folder, ignore_errors=True)
    record.folder.mkdir(parents=True)
    return record.folder


def whole(lines: list[str]) -> Iterator[dict[str, Any]]:
    """Parse the lines that are complete JSON."""
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
