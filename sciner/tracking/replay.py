"""Rebuilds a tracker from the store's records or from run folders."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sciner.results.records import Record
from sciner.tracking import address
from sciner.tracking.charts import grouped
from sciner.tracking.datasets import Dataset
from sciner.tracking.download import FILES
from sciner.tracking.mlflow import ANOTHER, MlflowTracker, opened, prepare
from sciner.tracking.params import params_of
from sciner.tracking.tracker import Tracker
from sciner.tracking.unfinished import about_in, close_dead, search

log = logging.getLogger(__name__)

Told = Literal["replayed", "completed", "known", "failed"]


def replay(runs: Iterable[Record], uri: str, experiment: str) -> Iterator[tuple[Record, Told]]:
    """Log runs to a tracker as they logged themselves, and yield each run with what happened.

    Metrics, steps, curves, params, tags, times and small artefacts are the same. An unfinished run
    in the tracker is completed; a finished one is left as it is. A run that cannot be logged is
    reported, and the others follow.

    Args:
        runs: records of finished runs.
        uri: of the tracker.
        experiment: its name.

    Raises:
        InputError: the tracker cannot be used.
    """
    with opened(uri, ANOTHER) as client:
        logged = search(client, prepare(uri, experiment))
        known = {run.data.tags["sciner.run"]: run for run in logged}
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
            with suppress(Exception):  # otherwise it would look as if it were still running
                tracker.finish("FAILED")
            yield run, "failed"
        else:
            yield run, "completed" if there else "replayed"


def close_interrupted(uri: str, experiment: str) -> int:
    """Mark RUNNING runs whose processes are dead as KILLED, and return their number."""
    with opened(uri, ANOTHER) as client:
        return close_dead(client, prepare(uri, experiment))


def tell(run: Record, tracker: Tracker) -> None:
    """Log a whole run, from its start to its end."""
    about, tags = run.about, run.about["tags"]
    tracker.start(about["name"], params_of(run.config, tags), tags | {"sciner.run": about["id"]})
    tracker.inputs([Dataset(**row) for row in about.get("datasets", ())])
    for row in run.rounds:
        losses = tuple((step, loss) for step, loss in row["losses"])
        tracker.log_round(row["round"], grouped(row["scores"], run.labels), losses)
    for name in FILES:
        tracker.artifact(run.folder / name)
    # the run's folder may be gone, or another run's: the store keeps no corpora and models
    place = Path(tags["sciner.directory"])
    if about_in(place).get("id") == about["id"]:
        for name in ("model", f"round_{run.rounds[-1]['round']}"):
            if (place / name).is_dir():
                tracker.artifact(place / name, name)
    tracker.tag("sciner.cache", about["cache"])
    if "pruned" in about:
        tracker.tag("sciner.pruned", str(about["pruned"]))
    tracker.finish(about["status"])
