"""A sweep on Slurm to which everything happens: signals, a time limit, the death of its node."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sciner.launch.slurm.record import Record
from sciner.launch.slurm.states import rounds_done
from sciner.store.layout import DEFAULT_FOLDER, LEASES, LOCKS, TMP
from sciner.store.locks import is_held, leased, locks_in
from sciner.tracking.database import local_uri
from tests.cluster.slurm import Slurm

POINTS = ("seed=0,1,2", "threshold=accept_all,fixed,quantile,accept_none")
ROUNDS = 3
COMMON = (
    "model=tiny",
    "model.steps=60",
    "data.limit=60",
    f"iteration.rounds={ROUNDS}",
    "trainer.threads=1",
    "hydra.verbose=[sciner.store.disk]",  # each step that is computed is in the runs' logs
)
CLUSTER = ("hydra.sweep.dir=sweep", "hydra.launcher.array_parallelism=4")
BEGINS, ENDS = 600, 2400  # seconds until a point is in its second round, and until the last ended
STEP = re.compile(r"\b(computing|computed) (\S+-v\d+-\w+)")


def sweep_on_slurm(place: Path) -> dict[str, Any]:
    """Run a sweep one point after the other and then on a Slurm of its own, both below ``place``.

    Returns figures. ``place`` becomes the working directory.
    """
    project = place / "project"
    project.mkdir()
    os.chdir(project)
    serial_seconds = serial()
    with Slurm(place / "slurm", slots=4) as slurm:
        found = on_slurm(slurm)
    same = scores(Path("sweep")) == scores(Path("serial"))
    words = " ".join(["sciner sweep submit", *COMMON, *POINTS])
    return {"command": words, "serial_seconds": serial_seconds, "same_scores": same, **found}


def sciner(*words: str) -> None:
    """Raises AssertionError where the command fails."""
    done = subprocess.run([sys.executable, "-m", "sciner", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def serial() -> float:
    """The sweep one point after the other, in ``serial/``, with a store of its own. Returns its
    seconds."""
    began = time.monotonic()
    more = ("hydra.sweep.dir=serial", "store.dir=.serial", "tracking=none")
    sciner("run", "-m", "hydra/launcher=basic", *COMMON, *POINTS, *more)
    return time.monotonic() - began


@dataclass
class Faults:
    """Does things to the jobs of a submitted sweep, each to another point.

    happened: by point, what it was and when.
    """

    slurm: Slurm
    record: Record
    happened: dict[int, tuple[str, float]] = field(default_factory=dict)

    def at_work(self) -> dict[int, int]:
        """{point: process id} of what runs and to which nothing happened yet."""
        found = {}
        for number in self.record.points.keys() - self.happened:
            last = (self.record.events(number) or [{}])[-1]
            if last.get("event") == "begins" and not self.record.outcome(number):
                found[number] = int(last["pid"])
        return found

    def chosen(self) -> int:
        """A point that is at work in a round, and not in its last one: it must not end before."""

        def in_a_round() -> list[int]:
            points = self.record.points
            return [n for n in self.at_work() if 0 < rounds_done(points[n]) < ROUNDS]

        found = in_a_round()
        while not found:
            assert not self.record.complete, "the sweep ended before everything was done to it"
            self.slurm.until(lambda: bool(in_a_round()) or self.record.complete, "a round", BEGINS)
            found = in_a_round()
        return found[0]

    @contextmanager
    def told(self, what: str, *signals: signal.Signals) -> Iterator[str]:
        """A point whose process is stopped until Slurm sends one of ``signals``, and so cannot end
        before. For a time limit Slurm itself lets it go on."""
        number = self.chosen()
        pid = self.at_work()[number]
        os.kill(pid, signal.SIGSTOP)
        try:
            self.happened[number] = (what, time.time())
            yield self.record.points[number].job
            self.slurm.until(
                lambda: pending(pid, signals) or self.has_stopped(number), f"{what} is sent", 300
            )
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.slurm.until(lambda: self.has_stopped(number), f"{what} stops the job")

    def has_stopped(self, number: int) -> bool:
        return any(event["event"] == "stopped" for event in self.record.events(number))

    def signal(self, signum: signal.Signals) -> None:
        name = signum.name.removeprefix("SIG")
        with self.told(f"scancel --signal={name}", signum) as job:
            self.slurm.ask("scancel", f"--signal={name}", job)

    def time_limit(self) -> None:
        """Slurm looks at time limits twice a minute, and tells a job two minutes before it ends."""
        with self.told("time limit", signal.SIGUSR1, signal.SIGUSR2) as job:
            ran = self.slurm.ask("squeue", "-h", "-j", job, "-o", "%M")
            minutes = int(ran.split(":")[-2]) + 2
            self.slurm.ask("scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}")

    def node_dies(self) -> None:
        """All of its processes are killed at once; Slurm hears of it, and the node comes back."""
        host = socket.gethostname().partition(".")[0]
        self.chosen()
        running = self.at_work()
        self.slurm.kill_node()
        self.happened |= {number: ("node died", time.time()) for number in running}
        self.slurm.ask("scontrol", "update", f"NodeName={host}", "State=DOWN", "Reason=test")
        self.slurm.start("slurmd")
        self.slurm.ask("scontrol", "update", f"NodeName={host}", "State=RESUME")

    def hurry(self) -> None:
        """Slurm lets a job that is queued again wait for two minutes; not here."""
        for line in self.slurm.ask("squeue", "-h", "-r", "-o", "%i %r").splitlines():
            job, reason = line.split(maxsplit=1)
            if reason == "BeginTime":
                again = ("TimeLimit=60", "StartTime=now")  # Slurm keeps the limit it was given
                self.slurm.ask("scontrol", "update", f"JobId={job}", *again)


def pending(pid: int, signals: tuple[signal.Signals, ...]) -> bool:
    """Has one of ``signals`` been sent to a process that is stopped?"""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    masks = [int(mask, 16) for mask in re.findall(r"^\w+Pnd:\s*(\w+)$", status, re.MULTILINE)]
    return any(mask >> (signum - 1) & 1 for mask in masks for signum in signals)


def on_slurm(slurm: Slurm) -> dict[str, Any]:
    """Submit the sweep, do things to it, and wait for its end. Returns figures."""
    began = time.monotonic()
    sciner("sweep", "submit", *COMMON, *POINTS, *CLUSTER)
    submitting = time.monotonic() - began
    record = Record.find("sweep")
    faults = Faults(slurm, record)
    faults.time_limit()
    faults.signal(signal.SIGTERM)
    faults.signal(signal.SIGUSR1)
    faults.node_dies()

    def ended() -> bool:
        faults.hurry()
        return record.complete

    slurm.until(ended, "every point has ended", ENDS, pause=2)
    sciner("sweep", "wait", "sweep")
    computing, computed = steps_in_logs(Path("sweep"))
    return {
        "points": len(record.points),
        "submission_seconds": submitting,
        "sweep_seconds": time.monotonic() - began,
        "faults": [
            {"what": what, "seconds": begins_again(record, number, when)}
            for number, (what, when) in sorted(faults.happened.items())
        ],
        "steps": len(computed),
        "computed_twice": sum(times - 1 for times in computed.values()),
        "interrupted": (computing - computed).total(),
        "tracked": tracked(),
        "left": left(DEFAULT_FOLDER),
    }


def begins_again(record: Record, number: int, when: float) -> float | None:
    """Seconds from ``when`` to the next beginning of a point; None where there is none."""
    begins = [e["time"] for e in record.events(number) if e["event"] == "begins"]
    return next((round(began - when, 1) for began in begins if began > when), None)


def tracked() -> dict[str, int]:
    """How many runs of each status the tracker has."""
    from mlflow import MlflowClient

    client = MlflowClient(local_uri(Path.cwd()))
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return dict(Counter(run.info.status for run in runs))


def left(store: Path) -> int:
    """Entries that are unfinished, keys that a living process uses, and locks that are held."""
    locks = sum(map(is_held, locks_in(store / LOCKS)))
    return len(list((store / TMP).iterdir())) + len(leased(store / LEASES)) + locks


def steps_in_logs(sweep: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each step was begun, and how often it was computed."""
    found: dict[str, Counter[str]] = {"computing": Counter(), "computed": Counter()}
    for log in sweep.glob("*/sciner.log"):
        for what, key in STEP.findall(log.read_text(encoding="utf-8")):
            found[what][key] += 1
    return found["computing"], found["computed"]


def scores(sweep: Path) -> dict[str, list[dict[str, float]]]:
    """What each point's rounds scored, but for their times."""
    return {
        place.parent.name: [
            {k: v for k, v in json.loads(line)["scores"].items() if not k.startswith("time/")}
            for line in place.read_text(encoding="utf-8").splitlines()
        ]
        for place in sweep.glob("*/rounds.jsonl")
    }
