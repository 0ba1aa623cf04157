"""Hydra's side of `sciner run`: every point of a sweep is checked before the first one starts.

What computes is imported when something is computed: a command that only shows something starts in
half the time.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import time
import uuid
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.config.conf import CONF
from sciner.config.places import StoreConfig, TrackingConfig
from sciner.errors import InputError
from sciner.launch.environment import settle
from sciner.launch.hydra_internals import (
    compose_files_once,
    list_no_bases,
    skip_batch_validation,
)
from sciner.launch.overrides import check, parse_flags, without_hydra
from sciner.launch.quoting import quoted
from sciner.launch.signals import Stopped, jobs_end_with_parent
from sciner.progress import is_quiet, quiet
from sciner.redact import VEIL, redacted, veiled
from sciner.tracking.address import NOTES

if TYPE_CHECKING:
    from sciner.launch.job import Asked, Outcome
    from sciner.launch.plan import Plan

QUIET_FLAG = "--quiet"  # ours; all other flags are Hydra's
SILENT = ["hydra/hydra_logging=none"]  # turns off Hydra's messages about what it launches
# flags of Hydra that start no job
FLAGS_WITHOUT_JOB = ("help", "hydra_help", "version", "shell_completion", "cfg", "info")


def main(arguments: Sequence[str]) -> int:
    """Run, or sweep over, the given overrides.

    Returns:
        The exit code: 0 done; 1 a job failed; 2 invalid input; 3 the tracker failed; 4 the limit of
            a language model's cost is reached; 128 plus the number of a signal that ended the run.

    Raises:
        InputError: an override is invalid.
    """
    arguments = [veiled(word) for word in arguments]
    try:
        with (
            quiet(QUIET_FLAG in arguments),
            tempfile.TemporaryDirectory() as scratch,
            jobs_end_with_parent(Path(scratch)),
        ):
            return launch(arguments, Path(scratch))
    # KeyboardInterrupt: a second Ctrl-C during the shutdown
    except (Stopped, KeyboardInterrupt) as interrupt:
        stop = interrupt if isinstance(interrupt, Stopped) else Stopped(signal.SIGINT)
        say_stopped(stop, arguments)
        return stop.code


def launch(arguments: Sequence[str], scratch: Path) -> int:
    """Do what ``main`` does, without handling signals.

    Args:
        arguments: of the command line.
        scratch: an empty folder, where jobs leave messages for their parent.
    """
    words = [word for word in arguments if word != QUIET_FLAG]
    flags = parse_flags(words)
    points, multirun, search, folder, launcher, cluster, composed = check(flags)
    for address in {a for p in points for a in (p.tracking.uri, getattr(p.llm, "base_url", None))}:
        veiled(address or "")  # a password in a file of the configuration: ``redacted`` learns it
    if multirun and any(point.annotator.kind == "people" for point in points):
        raise InputError(
            "annotator=people labels for one run, and a sweep has several", hint="leave out -m"
        )
    if flags.cfg == "job" and not (multirun or flags.package):
        show_configuration(composed, flags.resolve)
        return 0
    settle()
    from sciner.launch.job import Asked, read_outcomes

    if any(getattr(flags, name, None) for name in FLAGS_WITHOUT_JOB):
        hydra_main(words, flags, launcher, Asked(Path.cwd(), None, 1, scratch))
        return 0
    from sciner.launch import auto
    from sciner.launch.slurm.record import record_folder
    from sciner.launch.slurm.submit import leaves
    from sciner.launch.summary import (
        compare_jobs,
        report_command,
        say_study,
        say_suspects,
        say_where,
    )
    from sciner.results.folder import in_use, reserved, taken

    if folder and in_use(folder):
        raise taken(folder)
    outcomes = record_folder(folder) if cluster and folder else scratch
    os.environ[NOTES] = str(outcomes / "trackers.json")
    prepare_tracking([point.tracking for point in points], on_nodes=bool(cluster))
    study = search.begin(Path.cwd()) if search else None
    asked = Asked(
        project=Path.cwd(),
        sweep=f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}" if multirun else None,
        points=search.options.n_trials if search else len(points),
        outcomes=outcomes,
        requeues=cluster == "slurm",
    )
    with ExitStack() as stack:
        if folder and multirun and not search:  # the jobs of a search may come from several shells
            stack.enter_context(reserved(folder, points[0].store.locks))
        with_points = copy_context()
        with_points.run(auto.points.set, points)
        with_points.run(auto.asked.set, asked)
        more = [*launcher, *folder_word(folder, multirun), *(SILENT if is_quiet() else [])]
        with_points.run(hydra_main, words, flags, more, asked)
    if leaves.get():
        return 0
    found = read_outcomes(outcomes)
    drop_spare({point.store for point in points}, found)
    if not multirun and found and found[0].problem and found[0].code != 4:
        raise InputError(redacted(found[0].problem))
    if study:
        say_study(study)
    if multirun:
        report = "" if study else compare_jobs(found)
    else:
        report = report_command(found)
        say_suspects(found)
    say_where(found, asked.sweep, report)
    # no outcome: a study may already have all its trials
    codes = {outcome.code for outcome in found} or {0 if study else 1}
    return next((code for code in (1, 2, 4, 3) if code in codes), 0)


def show_configuration(composed: Any, resolve: bool) -> None:
    """Print what ``--cfg job`` shows.

    Hydra would print the same, but compose it once more, which takes half of the time.

    Args:
        composed: the configuration.
        resolve: whether to resolve interpolations.
    """
    from omegaconf import OmegaConf

    ours = without_hydra(composed)
    if resolve:
        OmegaConf.resolve(ours)
    print(OmegaConf.to_yaml(ours), end="")


def submit_sweep(arguments: Sequence[str]) -> int:
    """Submit to Slurm what ``main(["-m", *arguments])`` would run, and return the exit code.

    Raises:
        InputError: overrides are invalid, or Slurm rejects the jobs.
    """
    from sciner.launch.slurm.submit import leaves

    chosen = any(word.startswith("hydra/launcher=") for word in arguments)
    words = ["-m", *([] if chosen else ["hydra/launcher=slurm"]), *arguments]
    submitting = copy_context()
    submitting.run(leaves.set, True)
    return submitting.run(main, words)


def go_on(run: Path) -> int:
    """Run the overrides of a run again, in its folder, and return the exit code of ``main``.

    Raises:
        InputError: the overrides are unknown, or hold a password, which no file keeps.
    """
    import yaml

    file = run / ".hydra" / "hydra.yaml"
    try:
        hydra = yaml.safe_load(file.read_text(encoding="utf-8"))["hydra"]
        words = [*hydra["overrides"]["task"], *kept_words(hydra)]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
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


def kept_words(hydra: Mapping[str, Any]) -> list[str]:
    """Hydra's own overrides, and folders of configurations, that a run was started with."""
    own = ("hydra.run.dir=", "hydra.mode=")
    folders = [
        s["path"] for s in hydra["runtime"]["config_sources"] if s["provider"] == "command-line"
    ]
    return [
        *(word for word in hydra["overrides"]["hydra"] if not word.startswith(own)),
        *(word for folder in folders for word in ("--config-dir", folder)),
    ]


def plan_sweep(arguments: Sequence[str]) -> Plan:
    """Estimate what ``main(arguments)`` would have to compute.

    Raises:
        InputError: an override is invalid, or the sweep is a search.
    """
    from sciner.launch.plan import plan

    points, _, search, *_ = check(parse_flags(arguments))
    if search:
        raise InputError(
            "a search chooses its points while it runs, so they cannot be planned",
            hint=search.bound(points),
        )
    return plan(points, Path.cwd())


def prepare_tracking(trackers: Iterable[TrackingConfig], *, on_nodes: bool) -> None:
    """Create databases and experiments before any job starts.

    A tracker that does not answer is noted for all jobs, so that they lose no time on it.

    Args:
        trackers: of all points.
        on_nodes: whether jobs may run on several machines.

    Raises:
        InputError: an address is invalid, or is a file that several machines would damage.
    """
    from sciner.store.locks import on_network
    from sciner.tracking.address import Unreachable, cause, note, place_of
    from sciner.tracking.database import file_of

    places = {
        (place_of(tracker.uri, Path.cwd()), tracker.experiment)
        for tracker in trackers
        if tracker.kind == "mlflow"
    }
    for place, experiment in sorted(places):
        if on_nodes and (file := file_of(place)) and on_network(file.parent):
            raise InputError(
                "tracking: SQLite does not work on a network file system",
                file=file,
                hint="give tracking.uri=http://… of a server, or tracking=none now, and `sciner "
                "track replay` when the sweep has ended",
            )
        from sciner.tracking.mlflow import prepare

        try:
            prepare(place, experiment)
        except InputError:
            raise
        except Unreachable:  # already noted
            pass
        except Exception as error:
            if not file_of(place):  # a file may only be locked for a moment
                note(place, cause(error))


def folder_word(folder: Path | None, multirun: bool) -> list[str]:
    """The override that tells Hydra the folder.

    Its name contains the time, which Hydra would compute again.
    """
    from hydra.core.override_parser.types import Quote, QuotedString

    if folder is None:
        return []
    key = f"hydra.{'sweep' if multirun else 'run'}.dir"
    return [f"{key}={QuotedString(str(folder), Quote.single).with_quotes()}"]


def hydra_main(
    arguments: Sequence[str], flags: Namespace, more: Sequence[str], asked: Asked
) -> None:
    """Hand over to Hydra, which opens the job's folder and log, and calls the job.

    Args:
        arguments: of the command line.
        flags: parsed from them.
        more: overrides that were not typed.
        asked: what the jobs are told.
    """
    import hydra

    from sciner.launch.job import task_of

    skip_batch_validation()
    compose_files_once()
    list_no_bases()
    entry = hydra.main(version_base="1.3", config_path=str(CONF), config_name="run")(task_of(asked))
    before, sys.argv = (
        sys.argv,
        [
            "sciner run",
            *(word for word in arguments if word not in flags.overrides),
            *flags.overrides,
            *more,
        ],
    )
    # otherwise Hydra would print half a traceback for a folder that cannot be created, and exit
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
    """Delete the weights of rounds 0 that only the jobs of the finished sweep needed."""
    from sciner.run.build import build_store

    for store in stores:
        for key in {key for outcome in found for key in outcome.spare}:
            build_store(store, Path.cwd()).discard(key)


def say_stopped(stop: Stopped, arguments: Sequence[str]) -> None:
    """Print what is kept, and how to continue."""
    again = redacted(shlex.join(["sciner", "run", *arguments]))
    safe = "finished rounds are on disk, and results in the store are not computed again"
    with suppress(OSError):  # the terminal may be gone
        print(
            f"sciner: stopped by {stop}: {safe}; to continue: {again}",
            file=sys.stderr,
            flush=True,
        )
