"""Runs of a tracker as the folders that they were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sciner.errors import InputError, nearest
from sciner.redact import redacted
from sciner.tracking import address, database
from sciner.tracking.mlflow import connect
from sciner.tracking.unfinished import search

FILES = ("config.yaml", "rounds.jsonl", "run.json")  # artefacts of every finished run


def download(
    uri: str,
    experiment: str | None,
    folder: Path,
    sweep: str | None = None,
    ids: Sequence[str] = (),
) -> None:
    """The finished runs of ``experiment`` (None: of all experiments) as run folders (``run.json``,
    ``rounds.jsonl``, ``config.yaml``) below ``folder``; with ``sweep`` only those of that sweep,
    with ``ids`` only these (sciner's or MLflow's).

    Raises InputError where there is no such tracker or experiment, and for a run whose artefacts
    are gone.
    """
    file = database.file_of(uri)
    if file and not file.is_file():  # MLflow would make one
        raise InputError(
            f"there is no tracker at {redacted(uri)}",
            hint="run `sciner run` here first, or give --uri",
        )
    try:
        client = connect(uri)
    except address.Unreachable as error:
        raise InputError(
            f"nobody answers at {redacted(uri)} ({error})", hint="give run folders instead"
        ) from None
    from mlflow.exceptions import MlflowException

    there = {e.name: e.experiment_id for e in client.search_experiments()}
    if experiment is not None and experiment not in there:
        raise InputError(
            f"no experiment {experiment!r} at {redacted(uri)}", hint=nearest(experiment, there)
        )
    asked = there.values() if experiment is None else [there[experiment]]
    for run in (
        run for id in asked for run in search(client, id, "attributes.status = 'FINISHED'")
    ):
        tags = run.data.tags
        if sweep is not None and tags.get("sciner.sweep") != sweep:
            continue
        if ids and {run.info.run_id, tags["sciner.run"]}.isdisjoint(ids):
            continue
        place = folder / run.info.run_id
        place.mkdir(parents=True)
        try:
            for name in FILES:
                client.download_artifacts(run.info.run_id, name, str(place))
            about = json.loads((place / "run.json").read_text(encoding="utf-8"))
        except (MlflowException, OSError, ValueError):
            raise InputError(
                f"the artefacts of run {run.info.run_id} cannot be read",
                hint="give run folders instead",
            ) from None
        # replayed, it has another id than the run once had
        about |= {"mlflow": run.info.run_id, "status": "FINISHED"}
        (place / "run.json").write_text(json.dumps(about), encoding="utf-8")
