"""What `sciner run` prints at its end: a comparison of settings, failures, next commands."""

from __future__ import annotations

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


def say_study(study: SharedStudy, worked: bool) -> str:
    """Print how many trials a study has, and how they ended.

    Of several workers, only the first that sees the end of the study prints the numbers.

    Args:
        study: of the search.
        worked: whether this process ran some of its trials.

    Returns:
        The command that shows it.
    """
    say = partial(console().print, markup=False, soft_wrap=True)
    if study.sums_up() or not worked:
        counted = Counter(trial.state.name.lower() for trial in study.begun())
        told = ", ".join(f"{n} {state}" for state, n in sorted(counted.items()))
    else:
        told = "complete; another worker has printed the numbers"
    say(f"study {study.options.study}: {told}")
    place = (
        ""
        if study.options.storage == SearchOptions().storage
        else f" --storage {redacted(study.options.storage)}"
    )
    return f"sciner search show {study.options.study}{place}"


def compare_jobs(found: Sequence[Outcome]) -> str:
    """Print a table of the settings of a sweep, with the best and the worst.

    Returns:
        The command for the full report; "" if no job has finished.
    """
    from sciner.results.records import records

    folders = [Path(outcome.directory) for outcome in found if not outcome.failed]
    try:
        runs = records(folders)
    except InputError:  # no job has finished, or all were pruned
        return ""
    print_comparison(runs)
    place = folders[-1].parent
    more = len(records([place])) - len(runs)  # runs of older sweeps in the same folder
    sweep = ["--sweep", str(runs[-1].sweep)] if more else []
    return shlex.join(["sciner", "report", as_typed(place), *sweep])


def print_comparison(runs: Sequence[Record]) -> None:
    """Print ``answer.results`` of ``runs``, as in the report."""
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
    for line in (*answers(compared, settings), *best_and_worst(compared, settings)):
        say(line)


def say_suspects(found: Sequence[Outcome]) -> None:
    """Print how many suspected label errors a single run found, and how to see them."""
    from sciner.report.sentences import rounds_of
    from sciner.results.suspects import SUSPECTS, read_suspects

    for folder in (Path(outcome.directory) for outcome in found if outcome.code in (0, 3)):
        file = folder / f"round_{rounds_of(folder)[-1]}" / SUSPECTS
        if file.is_file():
            count = sum(len(one.suspects) for one in read_suspects(file))
            show = shlex.join(["sciner", "show", as_typed(folder), "--suspects"])
            labels = f"{count:,} label{'s' * (count != 1)}"
            line = f"{labels} that out-of-fold predictions contradict: {show}"
            console().print(line, markup=False, soft_wrap=True)


def report_command(found: Sequence[Outcome]) -> str:
    """The command that reports a single run; "" if it failed."""
    done = [Path(outcome.directory) for outcome in found if outcome.code in (0, 3)]
    return shlex.join(["sciner", "report", as_typed(done[0])]) if done else ""


def say_where(found: Sequence[Outcome], sweep: str | None, show: str = "") -> None:
    """Print how many jobs failed, where the results are, and how to see them.

    With ``--quiet``, print only the folder and, on standard error, the failed jobs.

    Args:
        found: the outcomes of the jobs.
        sweep: its id; None for a single run.
        show: the command that shows the results; "" if there is none.
    """
    from sciner.tracking.database import local_uri

    say = partial(console().print, markup=False, soft_wrap=True)
    failed = [outcome for outcome in found if outcome.failed]
    if sweep:
        say(
            f"{len(found) - len(failed)} of {len(found)} jobs done, {len(failed)} failed; sweep "
            f"{sweep}"
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
        place = Path(outcome.directory).parent if sweep else Path(outcome.directory)
        if is_quiet():
            print(place)
        say(f"results: {place}")
    here, in_mlflow = local_uri(Path.cwd()), list[str]()
    for uri in sorted({outcome.tracked for outcome in found} - {""}):
        say(f"tracked: {redacted(uri)}")
        in_mlflow.append("sciner ui" if uri == here else f"sciner ui --uri {redacted(uri)}")
    if in_mlflow:
        show = f"{show} (in MLflow: {', '.join(in_mlflow)})" if show else in_mlflow[0]
    if show:
        say(f"to see the results: {show}")
