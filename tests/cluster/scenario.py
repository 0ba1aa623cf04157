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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sciner.launch.slurm.record import Record
from sciner.launch.slurm.states import rounds_done
from sciner.store.layout import LEASES, LOCKS, TMP
from sciner.store.locks import is_held, leased
from sciner.tracking.database import local_uri
from tests.cluster.slurm import Slurm

POINTS = ("seed=0,1,2", "threshold=accept_all,fixed,quantile,accept_none")
COMMON = (
    "model=tiny",
    "model.steps=40",
    "data.limit=60",
    "iteration.rounds=3",
    "trainer.threads=1",
    "hydra.verbose=[sciner.store.disk]",  # each step that is computed is in the runs' logs
)
CLUSTER = (
    "hydra.sweep.dir=sweep",
    "hydra.launcher.array_parallelism=4",
    "hydra.launcher.timeout_min=60",
    "hydra.launcher.signal_delay_s=120",  # a limit in two minutes is told at once
)
SETTLES = 10  # seconds that a new slurmd gets before it has jobs
STEP = re.compile(r"\b(computing|computed) (\S+-v\d+-\w+)")


def sciner(*words: str) -> str:
    """What `sciner` prints. Raises AssertionError where it fails."""
    done = subprocess.run([sys.executable, "-m", "sciner", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def serial() -> float:
    """The sweep one point after the other, in ``serial/``, with a store of its own. Returns its
    seconds."""
    began = time.monotonic()
    more = ("hydra.sweep.dir=serial", "store.dir=.serial", "tracking=none")
    sciner("run", "-m", "hydra/launcher=basic", *COMMON, *POINTS, *more)
    return time.monotonic() - began


@dataclass
class Faults:
    """Does things to the jobs of a submitted sweep, each to another point."""

    slurm: Slurm
    record: Record
    hit: dict[int, str] = field(default_factory=dict)
    when: dict[int, float] = field(default_factory=dict)

    def note(self, number: int, what: str) -> None:
        self.hit[number], self.when[number] = what, time.time()

    def running(self) -> int:
        """A point that is at work in a round, and to which nothing was done yet."""
        chosen: list[int] = []

        def found() -> bool:
            for number, point in self.record.points.items():
                last = (self.record.events(number) or [{}])[-1]
                busy = last.get("event") == "begins" and not self.record.outcome(number)
                if busy and number not in self.hit and rounds_done(point) >= 1:
                    chosen.append(number)
            return bool(chosen) or self.record.complete

        self.slurm.until(found, "a point is in its second round", 300)
        assert chosen, "the sweep ended before everything was done to it"
        return chosen[0]

    def signal(self, signum: str) -> None:
        number = self.running()
        self.note(number, f"scancel --signal={signum}")
        self.slurm.ask("scancel", f"--signal={signum}", self.record.points[number].job)
        self.stopped(number)

    def time_limit(self) -> None:
        """Slurm looks at time limits twice a minute; the point may end before."""
        number = self.running()
        self.note(number, "time limit")
        job = self.record.points[number].job
        began = self.record.events(number)[-1]["time"]
        minutes = int((time.time() - began) / 60) + 2
        self.slurm.ask("scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}")

    def node_dies(self) -> None:
        """Everything on the node is killed at once; Slurm hears of it, and then it is back."""
        host = socket.gethostname().partition(".")[0]
        self.running()
        self.slurm.stop("slurmd", signal.SIGKILL)
        for number in self.record.points:
            last = (self.record.events(number) or [{}])[-1]
            if last.get("event") == "begins" and not self.record.outcome(number):
                if number not in self.hit:
                    self.note(number, "node died")
                with suppress(ProcessLookupError):
                    os.kill(last["pid"], signal.SIGKILL)
        self.slurm.ask("scontrol", "update", f"NodeName={host}", "State=DOWN", "Reason=test")
        self.slurm.start("slurmd")
        # it clears away what the dead jobs had of their own, and would take that of new ones too
        time.sleep(SETTLES)
        self.slurm.ask("scontrol", "update", f"NodeName={host}", "State=RESUME")

    def stopped(self, number: int) -> None:
        def told() -> bool:
            return any(e["event"] == "stopped" for e in self.record.events(number))

        self.slurm.until(lambda: told() or self.record.outcome(number) is not None, "it stops")

    def hurry(self) -> None:
        """Slurm lets a job that is queued again wait for two minutes; not here."""
        for point in self.record.points.values():
            shown = self.slurm.ask("squeue", "-h", "-r", "-j", point.job, "-o", "%r")
            if shown == "BeginTime":
                again = ("TimeLimit=60", "StartTime=now")  # Slurm keeps the limit it was given
                self.slurm.ask("scontrol", "update", f"JobId={point.job}", *again)


def on_slurm(slurm: Slurm) -> dict[str, Any]:
    """Submit the sweep, do things to it, and wait for its end. Returns figures."""
    began = time.monotonic()
    sciner("sweep", "submit", *COMMON, *POINTS, *CLUSTER)
    submitting = time.monotonic() - began
    record = Record.find("sweep")
    faults = Faults(slurm, record)
    faults.time_limit()
    faults.signal("TERM")
    faults.signal("USR1")
    faults.node_dies()

    def ended() -> bool:
        faults.hurry()
        time.sleep(2)
        return record.complete

    slurm.until(ended, "every point has ended", 900)
    sciner("sweep", "wait", "sweep")
    computing, computed = steps_in_logs(Path("sweep"))
    return {
        "points": len(record.points),
        "submission_seconds": submitting,
        "sweep_seconds": time.monotonic() - began,
        "faults": [
            {"what": what, "again": again_after(record, n, faults.when[n])}
            for n, what in sorted(faults.hit.items())
        ],
        "steps": len(computed),
        "computed_twice": sum(number - 1 for number in computed.values()),
        "torn": (computing - computed).total(),
        "tracked": tracked(),
        "left": left(Path(".sciner/store")),
    }


def tracked() -> dict[str, int]:
    """How many runs of each status the tracker has."""
    from mlflow import MlflowClient

    client = MlflowClient(local_uri(Path.cwd()))
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return dict(Counter(run.info.status for run in runs))


def left(store: Path) -> int:
    """Entries that are unfinished, keys that a living process uses, and locks that are held."""
    locks = sum(is_held(lock) for lock in (store / LOCKS).glob("*.lock"))
    return len(list((store / TMP).iterdir())) + len(leased(store / LEASES)) + locks


def again_after(record: Record, number: int, when: float) -> float | None:
    """Seconds from ``when`` to the next beginning of a point; None where it just went on."""
    begins = [e["time"] for e in record.events(number) if e["event"] == "begins"]
    return next((round(began - when, 1) for began in begins if began > when), None)


def steps_in_logs(sweep: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each step was begun, and how often it was computed."""
    found: dict[str, Counter[str]] = {"computing": Counter(), "computed": Counter()}
    for log in sweep.glob("*/sciner.log"):
        for what, key in STEP.findall(log.read_text(encoding="utf-8")):
            found[what][key] += 1
    return found["computing"], found["computed"]


def scores(sweep: Path) -> dict[str, list[Any]]:
    """What each point's rounds scored."""
    return {
        place.parent.name: [json.loads(line)["scores"] for line in place.open(encoding="utf-8")]
        for place in sweep.glob("*/rounds.jsonl")
    }
