"""`sciner run`: every point of a sweep is checked before the first one starts."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.errors import InputError
from sciner.launch.environment import settle
from sciner.launch.overrides import check, parse_flags
from sciner.launch.points import without_hydra
from sciner.launch.quoting import quoted
from sciner.launch.signals import Stopped, jobs_end_with_parent
from sciner.progress import quiet
from sciner.redact import VEIL, redacted, veiled

if TYPE_CHECKING:
    from sciner.launch.plan import Plan

QUIET_FLAG = "--quiet"  # ours; all other flags are Hydra's
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
    checked = check(flags)
    points, multirun = checked.points, checked.multirun
    for address in {a for p in points for a in (p.tracking.uri, getattr(p.llm, "base_url", None))}:
        veiled(address or "")  # a password in a file of the configuration: ``redacted`` learns it
    if multirun and any(point.annotator.kind == "people" for point in points):
        raise InputError(
            "annotator=people works for a single run only, and a sweep has several",
            hint="leave out -m",
        )
    if flags.cfg == "job" and not (multirun or flags.package):
        show_configuration(checked.composed, flags.resolve)
        return 0
    settle()
    # imports what computes: a command that only shows something starts in half the time
    from sciner.launch.jobs import hydra_main, run_jobs

    if any(getattr(flags, name, None) for name in FLAGS_WITHOUT_JOB):
        hydra_main(words, flags, checked.launcher)
        return 0
    return run_jobs(words, flags, checked, scratch)


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
            "the command contains a password, which is not saved in any file",
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
