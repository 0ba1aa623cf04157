"""The state of each point of a submitted sweep, by the files that it writes; else by Slurm."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sciner.errors import InputError
from sciner.launch.job import Outcome, note_outcome
from sciner.launch.slurm import queue
from sciner.launch.slurm.record import Point, Record

POLL = 2.0  # seconds between two looks
LOOKS = 15  # of them without its job in the queue before a point counts as lost
CANCELLED = "cancelled"
ENDED = ("done", "failed", CANCELLED)


@dataclass(frozen=True, slots=True)
class State:
    """The state of one point.

    Attributes:
        number: of the point.
        name: its overrides that differ from the other points.
        status: waiting, running, preempted (stopped, and queued again), done, failed or cancelled.
        detail: its round, or the reason.
        lost: it never wrote how it ended, and Slurm no longer knows its job.
    """

    number: int
    name: str
    status: str
    detail: str = ""
    lost: bool = False


def states(record: Record, queued: Mapping[str, str] | None) -> list[State]:
    """The state of every point; ``queued`` is what ``queue.queued()`` returns."""
    return [
        State(number, point.name, *state_of(record, number, point, queued))
        for number, point in sorted(record.points.items())
    ]


def state_of(
    record: Record, number: int, point: Point, queued: Mapping[str, str] | None
) -> tuple[str, str, bool]:
    """(status, detail, lost) of a point."""
    if (ended := record.outcome(number)) is not None:
        if ended.problem == CANCELLED:
            return CANCELLED, "", False
        return ("failed", why(ended), False) if ended.failed else ("done", "", False)
    last = (record.events(number) or [{}])[-1]
    began, stopped = last.get("event") == "begins", last.get("signal", "")
    if queued is not None and point.job not in queued:
        if record.cancelled:
            return "cancelled", "", False
        told = f"stopped by {stopped}, and not queued again" if stopped else ""
        return "failed", told or f"job {point.job} ended without a word", True
    waits = queued is not None and queued[point.job] != "RUNNING"
    if stopped or (began and waits):
        by = f"by {stopped}" if stopped else "its node died, or Slurm took it away"
        return "preempted", f"{by}; queued again, {rounds_done(point)} rounds done", False
    if began:
        return "running", f"round {rounds_done(point)}", False
    return "waiting", "for a fit that another point does" if point.waits else "", False


def why(ended: Outcome) -> str:
    """Why a point failed."""
    return ended.problem or f"see {ended.directory}/sciner.log"


def rounds_done(point: Point) -> int:
    """Rounds of a run that are on disk."""
    try:
        with (Path(point.directory) / "rounds.jsonl").open("rb") as stream:
            return sum(line.endswith(b"\n") for line in stream)
    except FileNotFoundError:
        return 0


def counted(found: Sequence[State]) -> str:
    """``12 points: 3 waiting, 4 running, 5 done``."""
    counts = Counter(state.status for state in found)
    order = ("waiting", "running", "preempted", *ENDED)
    told = ", ".join(f"{counts[status]} {status}" for status in order if counts[status])
    return f"{len(found)} points: {told}"


def print_states(record: Record, console: Console) -> None:
    """A table of all points, and the numbers."""
    queued = queue.queued()
    found = states(record, queued)
    table = Table("point", "job", "status", "", "settings", box=None, pad_edge=False)
    for state in found:
        job = record.points[state.number].job
        table.add_row(str(state.number), job, state.status, state.detail, state.name)
    console.print(table, markup=False)
    console.print(counted(found), markup=False, highlight=False)
    if queued is None:
        console.print("Slurm does not answer: this is what the runs' files say", style="yellow")


def wait(
    record: Record, console: Console, pause: Callable[[float], None] = time.sleep
) -> list[State]:
    """Wait until every point has ended, and print what changes.

    A point whose job has disappeared without a message fails.
    """
    missed: Counter[int] = Counter()
    said = ""
    while True:
        found = states(record, queue.queued())
        for state in found:  # its last word may still be on its way through a shared file system
            missed[state.number] = missed[state.number] + 1 if state.lost else 0
        doubtful = [state for state in found if state.lost and missed[state.number] < LOOKS]
        if not doubtful and (told := counted(found)) != said:
            console.print(told, markup=False, highlight=False)
            said = told
        if not doubtful and all(state.status in ENDED for state in found):
            for state in found:
                if state.lost or (state.status == CANCELLED and not record.outcome(state.number)):
                    note_end(record, state)
            record.drop_secrets()
            return found
        pause(POLL)


def log_files(record: Record, numbers: Iterable[int]) -> list[Path]:
    """The files that the jobs of these points have printed, and the logs of their runs.

    Raises:
        InputError: the sweep has no point with this number.
    """
    found: list[Path] = []
    for number in numbers:
        if number not in record.points:
            raise InputError(f"--point {number}: the sweep has points 0 to {max(record.points)}")
        point = record.points[number]
        printed = Path(point.log)
        places = (printed, printed.with_suffix(".err"), Path(point.directory) / "sciner.log")
        found += [place for place in places if place.is_file() and place.stat().st_size]
    return found


def note_end(record: Record, state: State) -> None:
    """A point fails whose job cannot say so any more."""
    folder = record.points[state.number].directory
    outcome = Outcome(state.name, folder, 1, state.detail or state.status, 0.0, "", [])
    note_outcome(record.folder, state.number, outcome)


def cancel(record: Record) -> None:
    """Cancel all jobs of the sweep; runs that are active end cleanly, and are not queued again."""
    (record.folder / "cancelled").touch()
    queue.cancel([point.job for n, point in record.points.items() if record.outcome(n) is None])
    record.drop_secrets()  # jobs that run have read them
