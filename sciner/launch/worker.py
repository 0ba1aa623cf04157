"""Points of a sweep, in a process that is not the parent's."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle

from sciner import progress
from sciner.launch.hydra_internals import compose_files_once
from sciner.launch.signals import Stopped

OUTPUT = "output.txt"  # in a job's folder: what it prints
PACE = 0.2  # seconds between two reports of progress


@dataclass(frozen=True)
class Launch:
    """What all jobs of a sweep share, as it is sent to the processes that run them.

    Attributes:
        hydra: what Hydra's launchers are set up with.
        state: of Hydra's singletons.
        environment, folder: of the parent.
    """

    hydra: Mapping[str, Any]
    state: Any
    environment: Mapping[str, str]
    folder: str


@dataclass(frozen=True)
class Task:
    """One job.

    Attributes:
        number: of the job, in Hydra.
        overrides: of the job.
    """

    number: int
    overrides: Sequence[str]


def work(pickled: bytes, parent: Connection) -> None:
    """Run jobs, one after the other, until the parent closes the connection.

    Args:
        pickled: a Launch.
        parent: sends tasks; receives the progress of each, and None at its end.
    """
    launch: Launch = cloudpickle.loads(pickled)
    from hydra.core.singleton import Singleton
    from hydra.core.utils import setup_globals

    os.environ.clear()
    os.environ.update(launch.environment)
    os.chdir(launch.folder)
    setup_globals()
    Singleton.set_state(launch.state)
    compose_files_once()
    progress.listener = Teller(parent)
    while True:
        try:
            task = parent.recv()
        except (EOFError, KeyboardInterrupt):  # the sweep has ended
            return
        if run(task, launch.hydra) == 1:  # after an internal error, a new process is safer
            return
        parent.send(None)


def run(task: Task, hydra: Mapping[str, Any]) -> int:
    """Run one job; its output goes into its folder, its progress to the parent.

    Returns:
        Its exit code.

    Raises:
        Exception: the job could not even report how it ended.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.utils import run_job
    from omegaconf import open_dict

    loader = hydra["hydra_context"].config_loader
    config = loader.load_sweep_config(hydra["config"], list(task.overrides))
    with open_dict(config):
        config.hydra.job.id = f"{config.hydra.job.name}_{task.number}"
        config.hydra.job.num = task.number
    HydraConfig.instance().set_config(config)
    redirect(Path(config.hydra.sweep.dir) / str(config.hydra.sweep.subdir))
    try:
        done = run_job(
            hydra_context=hydra["hydra_context"],
            config=config,
            task_function=hydra["task_function"],
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
    except Stopped as stop:
        sys.exit(stop.code)
    return int(done.return_value)  # raises what Hydra has caught


def redirect(folder: Path) -> None:
    """Redirect everything that this process prints into a file in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    with (folder / OUTPUT).open("ab") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)


@dataclass
class Teller:
    """Reports the progress of a bar to the parent, at most a few times per second."""

    parent: Connection
    told: float = 0.0

    def __call__(self, description: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done in (0, total) or now - self.told > PACE:
            self.told = now
            self.parent.send((description, done, total))
