"""One job, in the process that a launcher chose, and what it reports to its parent."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sciner import progress
from sciner.config import parse
from sciner.config.conf import GROUPS
from sciner.errors import CostLimitReached, InputError
from sciner.launch.experiment import read_experiment
from sciner.launch.signals import Stopped, obeyed_in_job
from sciner.redact import Redaction, redacted
from sciner.report.terminal import console, print_run
from sciner.results.folder import write_whole
from sciner.run.execute import execute
from sciner.run.job import Job
from sciner.search.options import TRIAL_KEYS
from sciner.tracking.address import NOTES, place_of

log = logging.getLogger(__name__)
# set by the sweeper, so they are not parameters of the run
TRIAL_OVERRIDES = tuple(f"search.{key}=" for key in TRIAL_KEYS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `sciner run` tells its jobs, which may be on another machine.

    It travels with them, and names no folder that only one machine has, unless all jobs are on it.

    Attributes:
        project: the working directory of the command.
        sweep: its id; None for a single run.
        points: how many the sweep has.
        outcomes: a folder where each job writes how it ended.
        requeues: whether a job that a signal stopped is started again.
        code: commit and dirty flag of the code when the command began: a later commit is not what
            its jobs have imported.
    """

    project: Path
    sweep: str | None
    points: int
    outcomes: Path
    requeues: bool = False
    code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, for its parent, which may be another process.

    Attributes:
        job: its overrides.
        directory: of the run.
        code: as ``sciner run`` would exit.
        problem: in one line; empty if its log has a traceback, or if there was none.
        seconds: it took.
        tracked: the address of the tracker that has it; empty if none has.
        spare: keys that the store may delete when the sweep has ended.
    """

    job: str
    directory: str
    code: int
    problem: str
    seconds: float
    tracked: str
    spare: list[str]

    @property
    def failed(self) -> bool:
        """Whether it has no results, or not all of them; a lost tracker (3) is no failure."""
        return self.code not in (0, 3)


def task_of(
    asked: Asked, after_round: Callable[[int], None] = lambda number: None
) -> Callable[[Any], int]:
    """Return the function that Hydra calls for each job.

    Args:
        asked: what `sciner run` tells its jobs.
        after_round: see ``Job``.
    """

    def task(cfg: Any) -> int:
        return one_job(cfg, asked, after_round)

    return task


def one_job(cfg: Any, asked: Asked, after_round: Callable[[int], None]) -> int:
    """Run one job, in the process that a launcher chose, and return its exit code.

    Only Stopped is raised, because Hydra would print one traceback for a whole sweep.
    """
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    info = HydraConfig.get()
    os.environ[NOTES] = str(asked.outcomes / "trackers.json")
    number = info.job.num if asked.sweep else 0
    choices = {
        group: choice
        for group, choice in info.runtime.choices.items()
        if group in GROUPS and choice
    }
    folders = [
        Path(source.path) for source in info.runtime.config_sources if source.schema == "file"
    ]
    job = Job(
        directory=Path(info.runtime.output_dir),
        overrides=tuple(
            word for word in info.overrides.task if not word.startswith(TRIAL_OVERRIDES)
        ),
        project=asked.project,
        sweep=asked.sweep,
        points=asked.points if asked.sweep else 1,
        choices=choices,
        constants=read_experiment(choices["experiment"], folders).constants
        if "experiment" in choices
        else {},
        code=asked.code,
        after_round=after_round,
    )
    keep_secrets(job.directory)
    if progress.is_quiet():
        log_problems_alone()
    with obeyed_in_job():
        if asked.sweep:
            say_progress(asked, number, redacted(job.name))
        return attempt(OmegaConf.to_container(cfg, resolve=True), job, asked, number)  # type: ignore[arg-type]


def keep_secrets(directory: Path) -> None:
    """Keep passwords out of the job's logs, and remove them from what Hydra has written.

    Those on the command line are veiled already (``redact.veiled``); those of a configuration file
    are not.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(Redaction())
    for file in (*directory.glob(".hydra/*.yaml"), directory.parent / "multirun.yaml"):
        if file.is_file() and (text := file.read_text(encoding="utf-8")) != redacted(
            text, veils=False
        ):
            file.write_text(redacted(text, veils=False), encoding="utf-8")


def log_problems_alone() -> None:
    """Send Hydra's warnings and errors to standard error, and nothing to standard output.

    With ``--quiet`` standard output has only the folder of the results.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(sys.stderr)
            handler.setLevel(logging.WARNING)


def attempt(values: Mapping[str, Any], job: Job, asked: Asked, number: int) -> int:
    """Run one job and return its exit code; a traceback goes into its own log.

    Only signals are raised.
    """
    began = time.perf_counter()
    code, problem, tracked, spare = 1, "", "", list[str]()
    ended = True
    try:
        config = parse(values)
        done = execute(config, job)
        # no table per job of a sweep, unless the job prints into its own folder
        if not job.sweep or progress.listener:
            print_run(console(), done.rounds, done.labels)
        else:
            say_scores(done.rounds)
        if done.waiting:
            console().print(str(done.waiting), markup=False, soft_wrap=True)
        code, spare = 3 if done.lost else 0, done.spare
        tracked = redacted(place_of(config.tracking.uri, job.project)) if done.tracked else ""
    except Stopped:
        ended = not asked.requeues
        raise
    except InputError as error:
        code, problem = 2, str(error)
        if job.sweep:
            log.error("%s", problem)
    except CostLimitReached as error:
        code, problem = 4, str(error)
        log.error("%s", problem)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            code, problem = (
                2,
                f"{error.filename or job.directory}: the disk is full; free some space and repeat "
                "the command",
            )
        log.error("%s", problem or traceback.format_exc())
    finally:
        seconds = time.perf_counter() - began
        if ended:
            folder = str(job.directory)
            outcome = Outcome(job.name, folder, code, problem, seconds, tracked, spare)
            note_outcome(asked.outcomes, number, outcome)
    return code


def say_progress(asked: Asked, number: int, name: str) -> None:
    """Print the number of the job, and how long the rest may take."""
    # side by side, the parent shows the time left
    outcomes = [] if progress.listener else read_outcomes(asked.outcomes)
    done = [outcome.seconds for outcome in outcomes]
    left = sum(done) / len(done) * (asked.points - number) if done else 0
    pace = f", about {left / 60:.0f} min left" if done else ""
    # no markup: brackets as in data.train=[a.conll,b.conll] must be shown
    console().print(
        f"job {number + 1} of {asked.points}{pace}: {name}",
        style="bold",
        markup=False,
        soft_wrap=True,
    )


def say_scores(rounds: Sequence[Mapping[str, Any]]) -> None:
    """Print the last round in one line."""
    scores, first = rounds[-1]["scores"], rounds[0]["round"]
    if (f1 := scores.get("test/f1/micro")) is not None:
        gain = f", {scores['test/gain/micro']:+.3f} over round {first}" if len(rounds) > 1 else ""
        console().print(f"  entity F1 {f1:.3f}{gain}", markup=False)


def note_outcome(outcomes: Path, number: int, outcome: Outcome) -> None:
    """Write how job ``number`` ended, for the parent, which may be on another machine.

    If the parent has ended and removed the folder ``outcomes``, nothing is written.
    """
    if outcomes.is_dir():
        write_whole(outcomes / f"{number}.json", json.dumps(asdict(outcome)))


def read_outcome(place: Path) -> Outcome | None:
    """How a job ended; None if it has not."""
    try:
        return Outcome(**json.loads(place.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def read_outcomes(outcomes: Path) -> list[Outcome]:
    """The outcomes of the jobs that have ended, in the order of their numbers."""
    places = sorted(outcomes.glob("[0-9]*.json"), key=lambda place: int(place.stem))
    return [outcome for place in places if (outcome := read_outcome(place))]
