"""Runs that the tracker missed are logged when all jobs have ended, if it answers by then."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sciner.errors import InputError
from sciner.launch.job import Outcome, note_outcome, read_outcome
from sciner.redact import redacted
from sciner.report.terminal import console
from sciner.results.records import Record, records
from sciner.store.locks import held
from sciner.tracking.address import cause, note, place_of


def catch_up(outcomes: Path, uris: Iterable[str | None], project: Path) -> None:
    """Log the runs whose tracker failed from their folders, and note that they are tracked.

    Args:
        outcomes: the folder where each job wrote how it ended.
        uris: ``tracking.uri`` of the jobs, with its password: no file of a run has that.
        project: the working directory of the command.
    """
    if not lost_in(outcomes):
        return
    places = {redacted(place): place for place in (place_of(uri, project) for uri in uris)}
    with held(outcomes / "tracker.lock"):  # two jobs may both be the last to end
        lost = lost_in(outcomes)
        for (shown, experiment), runs in by_tracker(lost.values(), project).items():
            if shown not in places:  # one that only other jobs have the password of
                continue
            for run in logged(runs, places[shown], experiment):
                number = next(n for n, o in lost.items() if Path(o.directory) == run.folder)
                note_outcome(outcomes, number, replace(lost[number], code=0, tracked=shown))


def lost_in(outcomes: Path) -> dict[int, Outcome]:
    """The outcomes of the jobs that have results but lost their tracker, by job."""
    found = {int(file.stem): read_outcome(file) for file in outcomes.glob("[0-9]*.json")}
    return {number: outcome for number, outcome in found.items() if outcome and outcome.code == 3}


def by_tracker(lost: Iterable[Outcome], project: Path) -> dict[tuple[str, str], list[Record]]:
    """The runs of these jobs by the address, without its password, and the experiment."""
    folders = [Path(outcome.directory) for outcome in lost]
    found: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    try:
        runs = [run for run in records(folders, pruned=True) if run.folder in folders]
    except InputError:  # they wait for people
        return {}
    for run in runs:
        tracking = run.config["tracking"]
        found[redacted(place_of(tracking["uri"], project)), tracking["experiment"]].append(run)
    return found


def logged(runs: Sequence[Record], place: str, experiment: str) -> Iterator[Record]:
    """Log runs to the tracker at ``place``, and yield those that it has now."""
    from sciner.tracking.replay import close_interrupted, replay

    say = partial(console().print, markup=False, soft_wrap=True)
    done = 0
    note(place, "")  # ask it again, although it was down a moment ago
    try:
        for run, told in replay(runs, place, experiment):
            if told != "failed":
                done += 1
                yield run
        close_interrupted(place, experiment)
    except Exception as error:
        say(str(error) if isinstance(error, InputError) else f"the tracker fails ({cause(error)})")
    if done:
        say(f"the tracker answers again; logged now: {done} of the {len(runs)} runs that it missed")
    if done < len(runs):
        later = ["sciner", "track", "replay", "--uri", redacted(place), "--experiment", experiment]
        say(f"not in the tracker: {len(runs) - done} runs; to log them: {shlex.join(later)}")
