"""One point in a Slurm job: it begins, is stopped and queued again, goes on, and ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.config.places import StoreConfig
from sciner.launch.catch_up import catch_up
from sciner.launch.job import Asked, Outcome, note_outcome, read_outcomes, task_of
from sciner.launch.signals import JOBS, PARENT, SIGNALS, Stopped, raised
from sciner.launch.slurm import queue
from sciner.launch.slurm.record import Record
from sciner.run.build import build_store

TIME_LIMIT = (signal.SIGUSR1, signal.SIGUSR2)  # by either, submitit tells that time runs out


class PointFailed(Exception):
    """Raised, not returned: Slurm counts a job that returns as COMPLETED."""


@dataclass(frozen=True)
class Work:
    """What a job needs to know of its point.

    number: of the point. name: its words. config: composed when it was submitted. context: Hydra's.
    state: of Hydra's singletons. timeouts: how often it may reach its time limit.
    """

    number: int
    name: str
    config: Any
    context: Any
    state: Any
    asked: Asked
    timeouts: int

    @property
    def record(self) -> Record:
        return Record(self.asked.outcomes)

    def __call__(self) -> int:
        """Run the point. Raises PointFailed, and SystemExit where a signal stopped it."""
        for name in (PARENT, JOBS):  # of the shell that submitted
            os.environ.pop(name, None)
        os.chdir(self.asked.project)
        self.record.take_secrets()
        try:
            with raised(signals=(*SIGNALS, *TIME_LIMIT)):
                self.record.note(self.number, "begins", job=queue.own_job(), pid=os.getpid())
                code = self.run()
        except Stopped as stop:
            self.stopped(stop)
            raise SystemExit(stop.code) from None
        self.last_one_tidies_up()
        ended = self.record.outcome(self.number)
        if ended and ended.failed:
            raise PointFailed(ended.problem or "see its log")
        return code

    def run(self) -> int:
        """By Hydra, in the point's folder."""
        from hydra.core.singleton import Singleton
        from hydra.core.utils import run_job, setup_globals

        setup_globals()
        Singleton.set_state(self.state)
        done = run_job(
            hydra_context=self.context,
            config=self.config,
            task_function=task_of(self.asked, self.after_round),
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        return int(done.return_value)

    def after_round(self, number: int) -> None:
        """The first fit is in the store: points that wait for it may begin."""
        if number == 0 and (self.record.folder / "sweep.json").is_file():
            points = self.record.points
            fit = points[self.number].fit
            if not points[self.number].waits:
                queue.release([p.job for p in points.values() if p.waits and p.fit == fit])

    def stopped(self, stop: Stopped) -> None:
        """Queue the job again, unless it was cancelled or has reached its time limit too often."""
        self.record.note(self.number, "stopped", signal=str(stop))
        if self.record.cancelled:
            return
        if stop.signum in TIME_LIMIT:
            timeouts = times_up(self.record, self.number)
            if timeouts > self.timeouts:
                self.give_up(f"stopped at its time limit {timeouts} times")
                return
        queue.requeue(queue.own_job())

    def give_up(self, why: str) -> None:
        folder = self.record.points[self.number].directory
        outcome = Outcome(self.name, folder, 1, why, 0.0, "", [])
        note_outcome(self.record.folder, self.number, outcome)
        self.last_one_tidies_up()

    def last_one_tidies_up(self) -> None:
        """When every point has ended, nobody needs passwords, nor the weights of rounds 0.

        Before that, the tracker gets the runs that it missed.
        """
        if not (self.record.folder / "sweep.json").is_file() or not self.record.complete:
            return
        project = self.asked.project
        try:
            catch_up(self.record.folder, [section(self.config, "tracking").get("uri")], project)
        finally:
            self.record.drop_secrets()
        store = build_store(StoreConfig(**section(self.config, "store")), project)
        for key in {key for ended in read_outcomes(self.record.folder) for key in ended.spare}:
            store.discard(key)


def times_up(record: Record, number: int) -> int:
    """How often a point was stopped at its time limit."""
    names = {s.name for s in TIME_LIMIT}
    return sum(event.get("signal") in names for event in record.events(number))


def section(config: Any, name: str) -> Mapping[str, Any]:
    """The values of one section of a composed configuration."""
    from omegaconf import OmegaConf

    values: Mapping[str, Any] = OmegaConf.to_container(config[name], resolve=True)  # type: ignore[assignment]
    return values


def folder_of(config: Any) -> Path:
    """Where a composed point writes."""
    return Path(config.hydra.sweep.dir).absolute() / str(config.hydra.sweep.subdir)
