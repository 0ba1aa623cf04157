"""One job, in whatever process a launcher chose, and what its parent hears of it."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sciner import progress
from sciner.config import parse
from sciner.config.conf import GROUPS
from sciner.errors import CostLimitReached, InputError
from sciner.launch.experiment import read_experiment
from sciner.launch.signals import obeyed_in_job
from sciner.redact import Redaction, redacted
from sciner.report.terminal import console, print_run
from sciner.run.execute import execute
from sciner.run.job import Job
from sciner.search.options import TRIAL_KEYS
from sciner.tracking.address import place_of

log = logging.getLogger(__name__)
# set by the sweeper, and no parameters
TRIAL_OVERRIDES = tuple(f"search.{key}=" for key in TRIAL_KEYS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, for its parent, which may be another process. code: as ``sciner run`` would
    exit. problem: in one line; empty where it has a traceback in its log, or none. tracked: the
    address where it stands in a tracker, else empty. spare: keys that the store may forget when the
    sweep has ended."""

    job: str
    directory: str
    code: int
    problem: str
    seconds: float
    tracked: str
    spare: list[str]


def one_job(cfg: Any) -> int:
    """One job in whatever process a launcher chose. Raises nothing but Stopped: Hydra would print
    one traceback for a whole sweep."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    info = HydraConfig.get()
    sweep = os.environ.get("SCINER_SWEEP")
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
        project=Path(os.environ.get("SCINER_PROJECT", ".")),
        sweep=sweep,
        points=int(os.environ["SCINER_POINTS"]) if sweep else 1,
        choices=choices,
        constants=read_experiment(choices["experiment"], folders).constants
        if "experiment" in choices
        else {},
    )
    keep_secrets(job.directory)
    if progress.is_quiet():
        log_problems_alone()
    with obeyed_in_job():
        if sweep:
            say_progress(info.job.num, redacted(job.name))
        return attempt(OmegaConf.to_container(cfg, resolve=True), job)  # type: ignore[arg-type]


def keep_secrets(directory: Path) -> None:
    """Passwords stay out of the job's logs, and go from what Hydra has written: those of the
    command's words are not there (``redact.veiled``), those of a configuration's file are."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Redaction())
    for file in (*directory.glob(".hydra/*.yaml"), directory.parent / "multirun.yaml"):
        if file.is_file() and (text := file.read_text(encoding="utf-8")) != redacted(
            text, veils=False
        ):
            file.write_text(redacted(text, veils=False), encoding="utf-8")


def log_problems_alone() -> None:
    """Of what Hydra's logging shows on standard output, warnings and errors go to standard error:
    ``--quiet`` leaves the former to the folder of the results."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(sys.stderr)
            handler.setLevel(logging.WARNING)


def attempt(values: Mapping[str, Any], job: Job) -> int:
    """One job, whatever happens: its exit code, its traceback in its own log. Only a signal gets
    through."""
    began = time.perf_counter()
    code, problem, tracked, spare = 1, "", "", list[str]()
    try:
        config = parse(values)
        done = execute(config, job)
        # several tables would be a wall; a process of its own prints into its folder
        if not job.sweep or progress.listener:
            print_run(console(), done.rounds, done.labels)
        else:
            say_scores(done.rounds)
        code, spare = 3 if done.lost else 0, done.spare
        tracked = place_of(config.tracking.uri, job.project) if done.tracked else ""
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
                f"{error.filename or job.directory}: the disk is full; free some and run the same "
                "words again",
            )
        log.error("%s", problem or traceback.format_exc())
    finally:
        seconds = time.perf_counter() - began
        note_outcome(Outcome(job.name, str(job.directory), code, problem, seconds, tracked, spare))
    return code


def say_progress(number: int, name: str) -> None:
    """Which job of how many, and how long the rest may take at the pace so far."""
    points = int(os.environ["SCINER_POINTS"])
    done = [outcome.seconds for outcome in read_outcomes(Path(os.environ["SCINER_OUTCOMES"]))]
    left = sum(done) / len(done) * (points - number) if done else 0
    pace = f", about {left / 60:.0f} min left" if done else ""
    # no markup: in data.train=[a.conll,b.conll] the brackets are the user's
    console().print(
        f"job {number + 1} of {points}{pace}: {name}", style="bold", markup=False, soft_wrap=True
    )


def say_scores(rounds: Sequence[Mapping[str, Any]]) -> None:
    """The last round in a line."""
    scores, first = rounds[-1]["scores"], rounds[0]["round"]
    if (f1 := scores.get("test/f1/micro")) is not None:
        gain = f", {scores['test/gain/micro']:+.3f} on round {first}" if len(rounds) > 1 else ""
        console().print(f"  entity F1 {f1:.3f}{gain}", markup=False)


def note_outcome(outcome: Outcome) -> None:
    """One line for the parent, which a launcher may have left in another process."""
    if place := os.environ.get("SCINER_OUTCOMES"):
        with Path(place).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(outcome)) + "\n")


def read_outcomes(place: Path) -> list[Outcome]:
    return [Outcome(**json.loads(line)) for line in place.read_text(encoding="utf-8").splitlines()]
