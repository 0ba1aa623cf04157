"""What `sciner run` prints at its end: what the settings of a sweep compare to, how it went, where
to look next."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sciner.errors import InputError
from sciner.launch.job import Outcome
from sciner.progress import is_quiet
from sciner.redact import redacted
from sciner.report.terminal import console, print_table
from sciner.results.folder import as_typed
from sciner.search.options import SearchOptions

if TYPE_CHECKING:
    from sciner.results.records import Record
    from sciner.search.study import SharedStudy

MOST = 40  # settings in the table; the report shows all


def say_study(study: SharedStudy) -> None:
    """How many trials a study has, how they ended, and how to look at it."""
    say = partial(console().print, markup=False, soft_wrap=True)
    counted = Counter(trial.state.name.lower() for trial in study.begun())
    say(
        f"study {study.options.study}: "
        + ", ".join(f"{n} {state}" for state, n in sorted(counted.items()))
    )
    place = (
        ""
        if study.options.storage == SearchOptions().storage
        else f" --storage {redacted(study.options.storage)}"
    )
    say(f"to look: sciner search show {study.options.study}{place}")


def compare_jobs(found: Sequence[Outcome]) -> str:
    """Print the settings of a sweep in one table, the best and the worst. Returns the command that
    reports all of it; "" where no job has ended well."""
    from sciner.results.records import records

    folders = [Path(outcome.directory) for outcome in found if outcome.code in (0, 3)]
    try:
        runs = records(folders)
    except InputError:  # no job has ended well, or each of them was pruned
        return ""
    print_comparison(runs)
    place = folders[-1].parent
    more = len(records([place])) - len(runs)  # of older sweeps, in the same folder
    sweep = ["--sweep", str(runs[-1].sweep)] if more else []
    return shlex.join(["sciner", "report", as_typed(place), *sweep])


def print_comparison(runs: Sequence[Record]) -> None:
    """``answer.results`` of ``runs``, as the report has them."""
    from sciner.report.answer import results
    from sciner.report.answer_sentences import answers
    from sciner.report.answer_tables import best_and_worst, comparison_table
    from sciner.report.compared import compare_runs

    say = partial(console().print, markup=False, soft_wrap=True)
    compared = compare_runs(runs)
    settings = results(compared)
    table = comparison_table(compared, settings)
    if (left := len(table.rows) - MOST) > 0:
        more = f"{left} more settings are in the report."
        table = replace(table, rows=table.rows[:MOST], notes=(*table.notes, more))
    print_table(console(), table)
    for line in (*answers(compared, settings), *best_and_worst(settings)):
        say(line)


def say_where(found: Sequence[Outcome], multirun: bool, report: str = "") -> None:
    """How many jobs failed, where the results are, and the commands that open them. After
    ``--quiet`` the folder alone, and on standard error the failed jobs."""
    from sciner.tracking.database import local_uri

    say = partial(console().print, markup=False, soft_wrap=True)
    failed = [outcome for outcome in found if outcome.code in (1, 2, 4)]
    if multirun:
        say(
            f"{len(found) - len(failed)} of {len(found)} jobs done, {len(failed)} failed; sweep "
            f"{os.environ['SCINER_SWEEP']}"
        )
    for outcome in failed:
        why = f": {outcome.problem}" if outcome.problem else ""
        line = (
            f"failed: {redacted(outcome.job)}{redacted(why)} (log: {outcome.directory}/sciner.log)"
        )
        if is_quiet():
            print(line, file=sys.stderr)
        else:
            say(line, style="red")
    for outcome in found[-1:]:
        place = Path(outcome.directory).parent if multirun else Path(outcome.directory)
        if is_quiet():
            print(place)
        say(f"results: {place}")
    here = local_uri(Path.cwd())
    for uri in sorted({outcome.tracked for outcome in found} - {""}):
        say(f"tracked: {redacted(uri)}")
        say("to look: sciner ui" if uri == here else f"to look: sciner ui --uri {redacted(uri)}")
    if report:
        say(f"to look: {report}")
