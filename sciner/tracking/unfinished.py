"""Runs that were interrupted: which one a new run goes on with, and which ones nobody writes any
more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sciner.results.folder import LOCK, in_use
from sciner.store.locks import Busy, held, is_held

ID = re.compile(r"\w+")  # a run's own id: it names a folder of the store


def search(client: Any, experiment_id: str, where: str = "") -> Iterator[Any]:
    """The experiment's runs that are sciner's, the newest first. where: MLflow's filter."""
    page = None
    while True:
        runs = client.search_runs([experiment_id], where, max_results=1000, page_token=page)
        yield from (run for run in runs if ID.fullmatch(run.data.tags.get("sciner.run", "")))
        if not (page := runs.token):
            return


def to_continue(
    client: Any, experiment_id: str, tags: Mapping[str, str], claim: ExitStack
) -> Any | None:
    """The run that one with ``tags`` continues, if there is one (``candidate``), and nobody else is
    about to. claim: holds that run's folder, so that nobody else is, until its tags name another.
    """
    found = candidate(client, experiment_id, tags)
    if found is None:
        return None
    place = Path(found.data.tags["sciner.directory"])
    try:
        if place != Path(tags["sciner.directory"]):  # else this process holds it already
            claim.enter_context(held(place / LOCK, wait=False))
    except Busy:
        return None
    except OSError:  # no locks there, or it cannot be written: nothing guards it
        pass
    now = client.get_run(found.info.run_id)
    if (now.data.tags, now.info.status) == (found.data.tags, found.info.status):
        return now
    claim.close()
    return None


def candidate(client: Any, experiment_id: str, tags: Mapping[str, str]) -> Any | None:
    """The run of the same point (tag ``sciner.point``) that is

    - not finished, and its process is dead; or
    - finished, in a sweep that did not come to its end and is at work no more, if this is a
      sweep, too.
    """
    here = Path(tags["sciner.directory"])
    runs = list(search(client, experiment_id, f"tags.`sciner.point` = '{tags['sciner.point']}'"))
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
    """Whether nobody writes the run any more: its folder is on this machine, and nobody holds that.
    One that waits for people (SCHEDULED) goes on in its own folder alone. here: a folder that this
    process holds itself."""
    place = Path(run.data.tags.get("sciner.directory", ""))
    try:
        about = json.loads((place / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # another machine's, or removed: who knows
        return False
    ours = about.get("id") == run.data.tags["sciner.run"] and "pruned" not in about
    waits = run.info.status == "SCHEDULED"
    return ours and (place == here or not (waits or is_held(place / LOCK)))


def was_cut_short(client: Any, experiment_id: str, run: Any, here: Path) -> bool:
    """Whether the sweep of a finished run has not all its points, and is at work no more."""
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
    where = f"tags.`sciner.sweep` = '{tags['sciner.sweep']}' AND attributes.status = 'FINISHED'"
    return sum(1 for _ in search(client, experiment_id, where)) < int(tags["sciner.sweep_points"])


def close_dead(client: Any, experiment_id: str) -> int:
    """Make every RUNNING run whose process is dead KILLED, and say how many there were."""
    dead = [r for r in search(client, experiment_id, "attributes.status = 'RUNNING'") if is_dead(r)]
    for run in dead:
        client.set_terminated(run.info.run_id, "KILLED")
    return len(dead)
