"""The jobs of `sciner run`: prepared, handed over to Hydra, and summed up."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from argparse import Namespace
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from sciner.config.conf import CONF
from sciner.config.places import StoreConfig, TrackingConfig
from sciner.errors import InputError
from sciner.launch import auto
from sciner.launch.catch_up import catch_up
from sciner.launch.hydra_internals import (
    compose_files_once,
    list_no_bases,
    skip_batch_validation,
)
from sciner.launch.job import Asked, Outcome, read_outcomes, task_of
from sciner.launch.overrides import Checked
from sciner.launch.slurm.record import record_folder
from sciner.launch.slurm.submit import leaves
from sciner.launch.summary import (
    compare_jobs,
    report_command,
    say_study,
    say_suspects,
    say_where,
)
from sciner.progress import is_quiet
from sciner.redact import redacted
from sciner.results.folder import in_use, in_use_error, reserved
from sciner.run.build import build_store
from sciner.run.provenance import git_state
from sciner.store.locks import on_network
from sciner.tracking.address import NOTES

if TYPE_CHECKING:
    from sciner.search.study import SharedStudy

SILENT = ["hydra/hydra_logging=none"]  # turns off Hydra's messages about what it launches


def run_jobs(words: Sequence[str], flags: Namespace, checked: Checked, scratch: Path) -> int:
    """Run, or submit, all points and return the exit code.

    Args:
        words: of the command line.
        flags: parsed from them.
        checked: what they mean.
        scratch: an empty folder, where jobs leave messages for their parent.

    Raises:
        InputError: the folder is in use, a tracker's address is invalid, or a single run has
            invalid input.
    """
    points, multirun, search, folder, launcher, cluster, _ = checked
    if folder and in_use(folder):
        raise in_use_error(folder)
    if folder and multirun and not search:
        warn_of_older(folder, len(points))
    if launcher and len(points) > 1:  # the user chose none, so it is ``auto``
        auto.import_meanwhile(points)
    outcomes = record_folder(folder) if cluster and folder else scratch
    os.environ[NOTES] = str(outcomes / "trackers.json")
    prepare_tracking([point.tracking for point in points], on_nodes=bool(cluster))
    new = [] if multirun or not folder else new_folders(folder)
    study = search.begin(Path.cwd()) if search else None
    asked = Asked(
        project=Path.cwd(),
        sweep=f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}" if multirun else None,
        points=search.options.n_trials if search else len(points),
        outcomes=outcomes,
        requeues=cluster == "slurm",
        code=git_state(),
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
    catch_up(outcomes, {point.tracking.uri for point in points}, Path.cwd())
    found = read_outcomes(outcomes)
    if any(outcome.code == 2 for outcome in found):
        remove_unused(new)
    drop_spare({point.store for point in points}, found)
    return conclude(found, asked.sweep, study)


def warn_of_older(folder: Path, points: int) -> None:
    """Warn of the points of a longer sweep in the same folder: they stay beside the new ones."""
    places = folder.iterdir() if folder.is_dir() else ()
    older = sorted(int(p.name) for p in places if p.name.isdecimal() and int(p.name) >= points)
    if older:
        named = ", ".join(map(str, older[:5])) + (", …" if older[5:] else "")
        print(
            f"sciner: {folder} has results of another sweep, which stay ({named}): a report of the "
            "folder shows both",
            file=sys.stderr,
        )


def conclude(found: Sequence[Outcome], sweep: str | None, study: SharedStudy | None) -> int:
    """Print how the jobs ended, and return the exit code.

    Args:
        found: their outcomes.
        sweep: its id; None for a single run.
        study: of a search.

    Raises:
        InputError: a single run has invalid input.
    """
    if not sweep and found and found[0].problem and found[0].code != 4:
        raise InputError(redacted(found[0].problem))
    if study:
        show = say_study(study, worked=bool(found))
    elif sweep:
        show = compare_jobs(found)
    else:
        show = report_command(found)
        say_suspects(found)
    say_where(found, sweep, show)
    # no outcome: a study may already have all its trials
    codes = {outcome.code for outcome in found} or {0 if study else 1}
    return next((code for code in (1, 2, 4, 3) if code in codes), 0)


def prepare_tracking(trackers: Iterable[TrackingConfig], *, on_nodes: bool) -> None:
    """Create databases and experiments before any job starts.

    A tracker that does not answer is noted for all jobs, so that they lose no time on it.

    Args:
        trackers: of all points.
        on_nodes: whether jobs may run on several machines.

    Raises:
        InputError: an address is invalid, or is a file that several machines would damage.
    """
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
    arguments: Sequence[str], flags: Namespace, more: Sequence[str], asked: Asked | None = None
) -> None:
    """Hand over to Hydra, which opens the job's folder and log, and calls the job.

    Args:
        arguments: of the command line.
        flags: parsed from them.
        more: overrides that were not typed.
        asked: what the jobs are told; None for flags that start no job.
    """
    import hydra

    told = asked or Asked(Path.cwd(), None, 1, Path())
    skip_batch_validation()
    compose_files_once()
    list_no_bases()
    entry = hydra.main(version_base="1.3", config_path=str(CONF), config_name="run")(task_of(told))
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


def new_folders(folder: Path) -> list[Path]:
    """A folder and its parents, as far as they do not exist yet."""
    return [place for place in (folder, *folder.parents) if not place.exists()]


def remove_unused(new: Sequence[Path]) -> None:
    """Remove the new folder of a run whose input is invalid, unless it has results.

    Hydra has written its configuration and an empty log into it.

    Args:
        new: the folder and its parents that did not exist before the run (``new_folders``).
    """
    if new and not (new[0] / "run.json").exists() and not in_use(new[0]):
        shutil.rmtree(new[0], ignore_errors=True)
        for parent in new[1:]:
            with suppress(OSError):  # not empty: another run has begun there
                parent.rmdir()


def drop_spare(stores: set[StoreConfig], found: Sequence[Outcome]) -> None:
    """Delete the weights of rounds 0 that only the jobs of the finished sweep needed."""
    for store in stores:
        for key in {key for outcome in found for key in outcome.spare}:
            build_store(store, Path.cwd()).discard(key)
