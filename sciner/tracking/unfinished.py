"""Interrupted runs: which one a new run continues, and which ones have dead processes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from sciner.results.folder import LOCK, in_use
from sciner.store.locks import Busy, held, is_held

ID = re.compile(r"\w+")  # a run's own id, which is also the name of a folder in the store


def search(client: Any, experiment_id: str, where: str = "") -> Iterator[Any]:
    """Yield the experiment's sciner runs, the newest first.

    Args:
        client: of MLflow.
        experiment_id: of the experiment.
        where: a filter of MLflow.
    """
    page = None
    while True:
        runs = client.search_runs([experiment_id], where, max_results=1000, page_token=page)
        yield from (run for run in runs if ID.fullmatch(run.data.tags.get("sciner.run", "")))
        if not (page := runs.token):
            return


def to_continue(
    client: Any, experiment_id: str, tags: Mapping[str, str], claim: ExitStack
) -> Any | None:
    """The run that a run with ``tags`` continues; None if there is none.

    Args:
        client: of MLflow.
        experiment_id: of the experiment.
        tags: of the new run.
        claim: holds the old run's folder until its tags name another one, so that no other process
            continues it.
    """
    found = candidate(client, experiment_id, tags)
    if found is None:
        return None
    place = Path(found.data.tags["sciner.directory"])
    try:
        if place != Path(tags["sciner.directory"]):  # otherwise this process already holds it
            claim.enter_context(held(place / LOCK, wait=0))
    except Busy:
        return None
    except OSError:  # the folder has no locks or cannot be written, so it is not protected
        pass
    now = client.get_run(found.info.run_id)
    if (now.data.tags, now.info.status) == (found.data.tags, found.info.status):
        return now
    claim.close()
    return None


def candidate(client: Any, experiment_id: str, tags: Mapping[str, str]) -> Any | None:
    """The run of the same point (tag ``sciner.point``) that can be continued; None without one.

    It is not finished and its process is dead. Or it is finished, this is a sweep, and it belongs
    to an earlier sweep that did not finish and is no longer active.

    In its own sweep, a point continues only the run of its own folder: its job was killed, or has
    moved to another machine.
    """
    here = Path(tags["sciner.directory"])
    runs = list(search(client, experiment_id, f"tags.`sciner.point` = '{tags['sciner.point']}'"))
    ours = {key: tags.get(key) for key in ("sciner.sweep", "sciner.directory")}
    if "sciner.sweep" in tags:
        for run in runs:
            if {key: run.data.tags.get(key) for key in ours} == ours and is_dead(run, here):
                return run
    runs = [
        run for run in runs if run.data.tags.get("sciner.sweep", "") != tags.get("sciner.sweep")
    ]
    for run in runs:
        if run.info.status != "FINISHED" and is_dead(run, here):
            return run
    swept = "sciner.sweep" in tags and "sciner.study" not in tags
    newest = next((run for run in runs if run.info.status == "FINISHED"), None) if swept else None
    return newest if newest and was_cut_short(client, experiment_id, newest, here) else None


def is_dead(run: Any, here: Path | None = None) -> bool:
    """Whether a run's process has ended: its folder is on this machine and not locked.

    A run that waits for people (SCHEDULED) continues in its own folder only.

    Args:
        run: of MLflow.
        here: a folder that this process itself has locked.
    """
    place = Path(run.data.tags.get("sciner.directory", ""))
    about = about_in(place)
    ours = about.get("id") == run.data.tags["sciner.run"] and "pruned" not in about
    waits = run.info.status == "SCHEDULED"
    return ours and (place == here or not (waits or is_held(place / LOCK)))


def about_in(place: Path) -> dict[str, Any]:
    """What ``run.json`` in a folder says; nothing if it is on another machine, or removed."""
    try:
        about: dict[str, Any] = json.loads((place / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about


def was_cut_short(client: Any, experiment_id: str, run: Any, here: Path) -> bool:
    """Whether a finished run's sweep lacks some of its points and is no longer active."""
    tags = run.data.tags
    if (
        "sciner.sweep" not in tags
        or not tags.get("sciner.sweep_points", "").isdecimal()
        or "sciner.study" in tags
    ):
        return False
    place = Path(tags["sciner.directory"])
    if not place.is_dir() or (place.parent != here.parent and in_use(place)):
        return False
    return finished(client.tracking_uri, experiment_id, tags["sciner.sweep"]) < int(
        tags["sciner.sweep_points"]
    )


@cache
def finished(uri: str, experiment_id: str, sweep: str) -> int:
    """The number of finished runs of a sweep that is no longer active.

    It is asked once per process, because MLflow loads all metrics of each run. Later it can only
    be smaller, by the runs that a new sweep continues.
    """
    from mlflow import MlflowClient

    where = f"tags.`sciner.sweep` = '{sweep}' AND attributes.status = 'FINISHED'"
    return sum(1 for _ in search(MlflowClient(uri), experiment_id, where))


def close_dead(client: Any, experiment_id: str) -> int:
    """Mark RUNNING runs whose processes are dead as KILLED, and return their number."""
    dead = [r for r in search(client, experiment_id, "attributes.status = 'RUNNING'") if is_dead(r)]
    for run in dead:
        client.set_terminated(run.info.run_id, "KILLED")
    return len(dead)
