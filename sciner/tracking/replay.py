"""A tracker rebuilt from what runs left behind: the store's records, or run folders."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from sciner.errors import InputError
from sciner.redact import redacted
from sciner.results.records import Record
from sciner.tracking import address
from sciner.tracking.charts import grouped
from sciner.tracking.datasets import Dataset
from sciner.tracking.download import FILES
from sciner.tracking.mlflow import MlflowTracker, connect, prepare
from sciner.tracking.params import params_of
from sciner.tracking.tracker import Tracker
from sciner.tracking.unfinished import close_dead, search

log = logging.getLogger(__name__)

Told = Literal["replayed", "completed", "known", "failed"]


def replay(runs: Iterable[Record], uri: str, experiment: str) -> Iterator[tuple[Record, Told]]:
    """Tell the tracker at ``uri`` of each run what the run itself told its own; (run, what became
    of it), as they go.

    Figures, steps, curves, params, tags, times and the small artefacts are the same. A run that
    stands there unfinished is completed, one that stands there as it ended is left. A run that
    cannot be told is logged, and the others go on. Raises InputError where the tracker cannot be
    used at all.
    """
    known = {run.data.tags["sciner.run"]: run for run in search(*client_of(uri, experiment))}
    for run in runs:
        there = known.get(run.about["id"])
        if there and there.info.status == run.about["status"]:
            yield run, "known"
            continue
        times = run.about["started"], run.about["ended"]
        tracker = MlflowTracker(uri, experiment, times, there)
        try:
            tell(run, tracker)
        except Exception as error:
            log.warning("%s cannot be replayed: %s", run.folder, address.cause(error))
            with suppress(Exception):  # RUNNING it would look as if somebody were at it
                tracker.finish("FAILED")
            yield run, "failed"
        else:
            yield run, "completed" if there else "replayed"


def close_interrupted(uri: str, experiment: str) -> int:
    """Make the runs KILLED that stand there as RUNNING and whose processes are dead, and say how
    many there were."""
    return close_dead(*client_of(uri, experiment))


def client_of(uri: str, experiment: str) -> tuple[Any, str]:
    """A client of the tracker, and the experiment's id there. Raises InputError where nobody
    answers."""
    try:
        return connect(uri), prepare(uri, experiment)
    except address.Unreachable as error:
        mend = "start it, or give another --uri"
        raise InputError(f"nobody answers at {redacted(uri)} ({error})", hint=mend) from None


def tell(run: Record, tracker: Tracker) -> None:
    """All of a run, from its start to its end."""
    about, tags = run.about, run.about["tags"]
    tracker.start(about["name"], params_of(run.config, tags), tags | {"sciner.run": about["id"]})
    tracker.inputs([Dataset(**row) for row in about.get("datasets", ())])
    for row in run.rounds:
        tracker.scores(grouped(row["scores"], run.labels), row["round"])
        tracker.curve(
            f"train/round_{row['round']}/loss", tuple((step, loss) for step, loss in row["losses"])
        )
    for name in FILES:
        tracker.artifact(run.folder / name)
    last = Path(tags["sciner.directory"]) / f"round_{run.rounds[-1]['round']}"
    if last.is_dir():  # the run's own folder may be gone: the store keeps figures, not corpora
        tracker.artifact(last, last.name)
    tracker.tag("sciner.cache", about["cache"])
    if "pruned" in about:
        tracker.tag("sciner.pruned", str(about["pruned"]))
    tracker.finish(about["status"])
