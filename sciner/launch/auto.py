"""``hydra/launcher=auto``: runs as many points of a sweep at once as the machine allows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.config import RunConfig
from sciner.config.model import EncoderConfig
from sciner.launch.capacity import (
    jobs_that_pay,
    memory_of,
    this_machine,
    uses_accelerator,
    with_one_thread,
)
from sciner.launch.display import Display, short_names
from sciner.launch.job import Asked, Outcome, note_outcome
from sciner.launch.order import first_fits
from sciner.launch.pool import run_side_by_side, started
from sciner.launch.worker import Launch, Task
from sciner.redact import redacted
from sciner.report.terminal import console

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn

# the configurations of the sweep that is being launched, in order; for a search, the corners
points: ContextVar[Sequence[RunConfig]] = ContextVar("points", default=())
# what its jobs are told
asked: ContextVar[Asked] = ContextVar("asked")


def launch(
    hydra: Mapping[str, Any], n_jobs: int | None, jobs: Sequence[Sequence[str]], first: int
) -> Sequence[JobReturn]:
    """Run jobs and return what Hydra expects from a launcher.

    Args:
        hydra: what Hydra's launchers are set up with.
        n_jobs: how many at once; None decides by the machine.
        jobs: the overrides of each.
        first: the number of the first job.
    """
    known = points.get()
    at_once, why = (n_jobs, "") if n_jobs else decided(known, len(jobs))
    at_once = min(at_once, len(jobs))
    if n_jobs != 1 and len(known) > 1 and not is_search(jobs):
        own = known[first : first + len(jobs)]  # Hydra may hand over a sweep in several batches
        jobs = [with_threads(words, config) for words, config in zip(jobs, own, strict=True)]
    if why and len(jobs) > 1:
        console().print(f"{at_once} job{'s' * (at_once > 1)} at once: {why}", markup=False)
    if at_once <= 1:
        return one_after_the_other(hydra, jobs, first)
    return side_by_side(hydra, at_once, jobs, first)


def is_search(jobs: Sequence[Sequence[str]]) -> bool:
    """Whether the jobs are trials, whose threads the search has decided for all batches."""
    return any(word.startswith("search.trial=") for words in jobs for word in words)


def decided(known: Sequence[RunConfig], jobs: int) -> tuple[int, str]:
    """How many jobs to run at once, and why not more.

    Args:
        known: configurations like those of the jobs.
        jobs: how many there are.
    """
    return jobs_that_pay(
        jobs,
        this_machine(),
        threads=max((config.trainer.threads or 1 for config in known), default=1),
        memory=max(map(memory_of, known), default=1.0),
        on_accelerator=any(map(uses_accelerator, known)),
    )


def import_meanwhile(known: Sequence[RunConfig]) -> None:
    """Begin to import what the processes of a sweep will need, while this one prepares it.

    Args:
        known: the configurations of the sweep.
    """
    from multiprocessing import forkserver

    from sciner.tracking.mlflow import quiet

    if decided(known, len(known))[0] > 1:
        quiet()
        if started(modules_of(known)).get_start_method() == "forkserver":
            forkserver.ensure_running()


def one_after_the_other(
    hydra: Mapping[str, Any], jobs: Sequence[Sequence[str]], first: int
) -> Sequence[JobReturn]:
    """Run jobs in this process, with Hydra's own launcher."""
    from hydra._internal.core_plugins.basic_launcher import BasicLauncher

    launcher = BasicLauncher()
    launcher.setup(**hydra)
    return launcher.launch(jobs, first)


def side_by_side(
    hydra: Mapping[str, Any], at_once: int, jobs: Sequence[Sequence[str]], first: int
) -> Sequence[JobReturn]:
    """Run jobs in other processes."""
    from hydra.core.singleton import Singleton
    from hydra.core.utils import JobReturn, JobStatus, configure_log

    config = hydra["config"]
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    Path(config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
    known, outcomes = points.get(), asked.get().outcomes
    shared = Launch(hydra, Singleton.get_state(), dict(os.environ), str(Path.cwd()))
    tasks = [Task(first + i, words) for i, words in enumerate(jobs)]
    fits = first_fits(known) if len(known) == len(jobs) else list(map(str, range(len(jobs))))

    def on_death(task: Task, why: str) -> None:
        folder = Path(config.hydra.sweep.dir) / str(task.number)
        name = " ".join(task.overrides)
        outcome = Outcome(name, str(folder), 1, why, 0.0, "", [])
        note_outcome(outcomes, task.number, outcome)

    names = [redacted(name) for name in short_names(jobs)]
    with Display(names, at_once, console()) as display:
        run_side_by_side(tasks, shared, fits, at_once, modules_of(known), display, on_death)
    return [
        JobReturn(overrides=words, status=JobStatus.COMPLETED, _return_value=0) for words in jobs
    ]


def with_threads(words: Sequence[str], config: RunConfig) -> list[str]:
    """A job's overrides, with its number of threads (``capacity.with_one_thread``) if not given."""
    threads = with_one_thread(config).trainer.threads
    said = any(word.startswith("trainer.threads=") for word in words)
    return [*words, *([f"trainer.threads={threads}"] if threads and not said else [])]


def modules_of(known: Sequence[RunConfig]) -> list[str]:
    """The modules that jobs like these import before they compute."""
    encoders = any(isinstance(config.model, EncoderConfig) for config in known)
    tracked = any(config.tracking.kind == "mlflow" for config in known)
    return [
        "sciner.launch.job",
        "sciner.loop.rounds",
        *(["sciner.tagger.encoder.encoder"] if encoders else []),
        *(["sciner.tracking.mlflow", "mlflow.store.tracking.sqlalchemy_store"] if tracked else []),
    ]
