"""Hydra's side of `sciner run`: every point of a sweep is checked before the first one starts."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import time
import uuid
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from sciner.config.conf import CONF
from sciner.config.places import StoreConfig
from sciner.errors import InputError
from sciner.launch import auto
from sciner.launch.hydra_internals import (
    compose_files_once,
    list_no_bases,
    skip_batch_validation,
)
from sciner.launch.job import Outcome, one_job, read_outcomes
from sciner.launch.overrides import check, parse_flags
from sciner.launch.quoting import quoted
from sciner.launch.signals import Stopped, jobs_end_with_parent
from sciner.launch.summary import compare_jobs, say_study, say_where
from sciner.progress import is_quiet, quiet
from sciner.redact import VEIL, redacted, veiled
from sciner.results.folder import in_use, reserved, taken
from sciner.run.build import build_store
from sciner.tracking.address import NOTES

if TYPE_CHECKING:
    from sciner.launch.plan import Plan

QUIET_FLAG = "--quiet"  # ours; all other flags are Hydra's
SILENT = ["hydra/hydra_logging=none"]  # Hydra's own words on what it launches
# flags of Hydra's that start no job
FLAGS_WITHOUT_JOB = ("help", "hydra_help", "version", "shell_completion", "cfg", "info")


def main(arguments: Sequence[str]) -> int:
    """Run, or sweep, what ``arguments`` say. Returns the exit code: 0 done, 1 a job failed, 2 bad
    input, 3 tracker lost, 4 a language model's cost reached its limit, 128 and the signal's number
    where one ended it.

    Raises InputError for words that cannot be meant.
    """
    arguments = [veiled(word) for word in arguments]
    try:
        with (
            quiet(QUIET_FLAG in arguments),
            tempfile.TemporaryDirectory() as scratch,
            jobs_end_with_parent(Path(scratch)),
        ):
            return launch(arguments, Path(scratch))
    # the latter: Ctrl-C once more, while the first was being obeyed
    except (Stopped, KeyboardInterrupt) as interrupt:
        stop = interrupt if isinstance(interrupt, Stopped) else Stopped(signal.SIGINT)
        say_stopped(stop, arguments)
        return stop.code


def launch(arguments: Sequence[str], scratch: Path) -> int:
    """As ``main``, without an answer to signals. scratch: an empty folder, where jobs leave word
    for their parent."""
    words = [word for word in arguments if word != QUIET_FLAG]
    flags = parse_flags(words)
    points, multirun, search, folder, launcher = check(flags)
    if multirun and any(point.annotator.kind == "people" for point in points):
        raise InputError(
            "annotator=people labels for one run, and a sweep has several", hint="leave -m out"
        )
    if any(getattr(flags, name, None) for name in FLAGS_WITHOUT_JOB):
        hydra_main(words, flags, launcher)
        return 0
    if folder and in_use(folder):
        raise taken(folder)
    os.environ[NOTES] = str(scratch / "trackers.json")
    prepare_tracking({(p.tracking.kind, p.tracking.uri, p.tracking.experiment) for p in points})
    study = search.begin(Path.cwd()) if search else None
    outcomes = scratch / "outcomes.jsonl"
    outcomes.touch()
    os.environ["SCINER_OUTCOMES"] = str(outcomes)
    os.environ["SCINER_PROJECT"] = str(Path.cwd())
    os.environ["SCINER_POINTS"] = str(search.options.n_trials if search else len(points))
    if multirun:
        os.environ["SCINER_SWEEP"] = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    else:
        os.environ.pop("SCINER_SWEEP", None)
    with ExitStack() as stack:
        if folder and multirun and not search:  # the jobs of a search may come from several shells
            stack.enter_context(reserved(folder))
        with_points = copy_context()
        with_points.run(auto.points.set, points)
        more = [*launcher, *folder_word(folder, multirun)]
        with_points.run(hydra_main, words, flags, [*more, *(SILENT if is_quiet() else [])])
    found = read_outcomes(outcomes)
    drop_spare({point.store for point in points}, found)
    if not multirun and found and found[0].problem and found[0].code != 4:
        raise InputError(redacted(found[0].problem))
    if study:
        say_study(study)
    report = compare_jobs(found) if multirun and not study else ""
    say_where(found, multirun, report)
    # a study may have all its trials already
    codes = {outcome.code for outcome in found} or {0 if study else 1}
    return next((code for code in (1, 2, 4, 3) if code in codes), 0)


def go_on(run: Path) -> int:
    """Run the words of the run in ``run`` again, in its folder. Returns the exit code of ``main``.

    Raises InputError where they are not known, or hold a password, which no file keeps.
    """
    import yaml

    file = run / ".hydra" / "overrides.yaml"
    try:
        words = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        raise InputError(
            "the command of the run cannot be read",
            file=file,
            hint="type it again, with hydra.run.dir=DIR",
        ) from None
    if any(VEIL.search(word) for word in words):
        raise InputError(
            "a password is in the command, and no file keeps it",
            file=file,
            hint="type it again, with hydra.run.dir=DIR",
        )
    return main([*words, f"hydra.run.dir={quoted(str(run))}"])


def plan_sweep(arguments: Sequence[str]) -> Plan:
    """What ``main(arguments)`` would have to compute. Raises InputError for words that cannot be
    meant."""
    from sciner.launch.plan import plan

    points, _, search, *_ = check(parse_flags(arguments))
    if search:
        raise InputError(
            "a search chooses its points as it goes: they are not known beforehand",
            hint=search.bound(points),
        )
    return plan(points, Path.cwd())


def prepare_tracking(trackers: set[tuple[str, str | None, str]]) -> None:
    """Databases and experiments are made here, before any job. One that nobody reaches is noted for
    all jobs, which then lose no time on it. Raises InputError for one that cannot be meant."""
    from sciner.tracking.address import Unreachable, cause, note, place_of
    from sciner.tracking.database import file_of

    places = {
        (place_of(uri, Path.cwd()), experiment)
        for kind, uri, experiment in trackers
        if kind == "mlflow"
    }
    for place, experiment in sorted(places):
        from sciner.tracking.mlflow import prepare

        try:
            prepare(place, experiment)
        except InputError:
            raise
        except Unreachable:  # noted already
            pass
        except Exception as error:
            if not file_of(place):  # a file may be locked for a moment
                note(place, cause(error))


def folder_word(folder: Path | None, multirun: bool) -> list[str]:
    """The word that tells Hydra of ``folder``: it has the time in its name, and Hydra looks at the
    clock once more."""
    from hydra.core.override_parser.types import Quote, QuotedString

    if folder is None:
        return []
    key = f"hydra.{'sweep' if multirun else 'run'}.dir"
    return [f"{key}={QuotedString(str(folder), Quote.single).with_quotes()}"]


def hydra_main(arguments: Sequence[str], flags: Namespace, more: Sequence[str] = ()) -> None:
    """Hand over to Hydra, which composes once more, opens the job's folder and log, and calls
    ``one_job``. more: overrides that were not typed."""
    import hydra

    skip_batch_validation()
    compose_files_once()
    list_no_bases()
    entry = hydra.main(version_base="1.3", config_path=str(CONF), config_name="run")(one_job)
    before, sys.argv = (
        sys.argv,
        [
            "sciner run",
            *(word for word in arguments if word not in flags.overrides),
            *flags.overrides,
            *more,
        ],
    )
    # Hydra would print half a traceback for a folder that cannot be made, and exit; so it raises
    full = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        entry()
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})", file=error.filename
        ) from None
    finally:
        sys.argv = before
        os.environ.pop("HYDRA_FULL_ERROR") if full is None else os.environ.update(
            HYDRA_FULL_ERROR=full
        )


def drop_spare(stores: set[StoreConfig], found: Sequence[Outcome]) -> None:
    """The sweep has ended: nobody begins with the weights of its rounds 0 any more."""
    for store in stores:
        for key in {key for outcome in found for key in outcome.spare}:
            build_store(store, Path.cwd()).discard(key)


def say_stopped(stop: Stopped, arguments: Sequence[str]) -> None:
    """What is safe, and what to type to go on."""
    again = redacted(shlex.join(["sciner", "run", *arguments]))
    safe = "finished rounds are on disk, and what the store has is not computed again"
    with suppress(OSError):  # where the terminal is gone
        print(
            f"sciner: stopped by {stop}: {safe}; the same words go on: {again}",
            file=sys.stderr,
            flush=True,
        )
