"""Downloads the runs of a tracker as run folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sciner.errors import InputError, nearest
from sciner.redact import redacted
from sciner.tracking import database
from sciner.tracking.mlflow import opened
from sciner.tracking.unfinished import search

FILES = ("config.yaml", "rounds.jsonl", "run.json")  # artefacts of every finished run


def download(
    uri: str,
    experiment: str | None,
    folder: Path,
    sweep: str | None = None,
    ids: Sequence[str] = (),
) -> None:
    """Download finished runs as folders with ``run.json``, ``rounds.jsonl`` and ``config.yaml``.

    Args:
        uri: of the tracker.
        experiment: its name; None for all experiments.
        folder: where the run folders are created.
        sweep: if given, only its runs.
        ids: if given, only these runs (ids of sciner or MLflow).

    Raises:
        InputError: the tracker or the experiment does not exist, or a run's artefacts are missing.
    """
    file = database.file_of(uri)
    if file and not file.is_file():  # MLflow would create one
        raise InputError(
            f"there is no tracker at {redacted(uri)}",
            hint="run `sciner run` here first, or give --uri",
        )
    with opened(uri, "give run folders instead") as client:
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
            download_run(client, run.info.run_id, folder / run.info.run_id)


def download_run(client: Any, run_id: str, place: Path) -> None:
    """Download a run into the new folder ``place``.

    Raises:
        InputError: its artefacts are missing.
    """
    from mlflow.exceptions import MlflowException

    place.mkdir(parents=True)
    try:
        for name in FILES:
            client.download_artifacts(run_id, name, str(place))
        about = json.loads((place / "run.json").read_text(encoding="utf-8"))
    except (MlflowException, OSError, ValueError):
        raise InputError(
            f"the artefacts of run {run_id} cannot be read", hint="give run folders instead"
        ) from None
    # a replayed run has another MLflow id than the original
    about |= {"mlflow": run_id, "status": "FINISHED"}
    (place / "run.json").write_text(json.dumps(about), encoding="utf-8")
