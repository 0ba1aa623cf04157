"""The view: runs in MLflow, one a configuration, every figure with step = round."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sciner.errors import InputError, nearest
from sciner.redact import redacted

BATCH = 1000  # metrics a call, MLflow's limit
VALUE = 6000  # characters of a param, MLflow's limit

# nothing is sent home, and a server that is down is given up in seconds, not minutes
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}


def local_uri(folder: Path) -> str:
    """The default database of a project folder; absolute, since jobs of a sweep may run elsewhere."""
    return f"sqlite:///{(folder / 'mlflow.db').resolve()}"


def place_of(uri: str | None, folder: Path) -> str:
    """Where to log: what was configured, else MLflow's own MLFLOW_TRACKING_URI, else the folder's database."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or local_uri(folder)


def prepare(uri: str, experiment: str) -> str:
    """The experiment's id, made if need be.

    Two processes that first touch a new SQLite file together break its migrations (duplicate column name), so the first
    touch is behind a lock, and a sweep's parent makes it before any job starts. WAL lets readers and writers overlap.
    """
    quiet()
    from filelock import FileLock
    from mlflow import MlflowClient

    if not uri.startswith("sqlite:///"):
        return _experiment(MlflowClient(uri), experiment, None)
    file = Path(uri.removeprefix("sqlite:///"))
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        fresh = not file.exists()
        found = _experiment(MlflowClient(uri), experiment, (file.parent / "mlruns").resolve().as_uri())
        if fresh:
            import sqlite3

            with sqlite3.connect(file) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
    return found


def quiet() -> None:
    """MLflow without telemetry, log chatter and long retries; what the user set in the environment holds."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _experiment(client: Any, name: str, location: str | None) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name, artifact_location=location))


class MlflowTracker:
    """One MLflow run, by the client alone: no global state, so that runs may follow each other in one process.

    times: when the run began and ended, in seconds since 1970, if that was another time than now.
    """

    def __init__(self, uri: str, experiment: str, times: tuple[float | None, float | None] = (None, None)) -> None:
        self.uri, self.experiment, self.times = uri, experiment, times
        self.run_id = ""

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        experiment = prepare(self.uri, self.experiment)
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self.client = MlflowClient(self.uri)
        began = milliseconds(self.times[0])
        self.run_id = self.client.create_run(experiment, began, dict(tags), run_name=name).info.run_id
        shown = [Param(key, value[:VALUE]) for key, value in params.items()]
        self.client.log_batch(self.run_id, params=shown)

    def scores(self, scores: Mapping[str, float], step: int) -> None:
        self._log([(name, value, step) for name, value in scores.items()])

    def curve(self, name: str, points: tuple[tuple[int, float], ...]) -> None:
        self._log([(name, value, step) for step, value in points])

    def _log(self, rows: list[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric

        now = milliseconds(self.times[1]) or int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value, step in rows]
        for at in range(0, len(metrics), BATCH):  # a batch costs 50 ms, a single metric 3
            self.client.log_batch(self.run_id, metrics=metrics[at : at + BATCH])

    def artifact(self, path: Path, folder: str | None = None) -> None:
        log_path = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
        log_path(self.run_id, str(path), folder)

    def tag(self, name: str, value: str) -> None:
        self.client.set_tag(self.run_id, name, value)

    def finish(self, status: str) -> None:
        if self.run_id:  # else it was stopped before it began
            self.client.set_terminated(self.run_id, status, milliseconds(self.times[1]))


def milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(1000 * seconds)


def tracked(uri: str, experiment: str) -> set[str]:
    """The ids (tag ``sciner.run``) of the runs that stand in ``experiment``."""
    from mlflow import MlflowClient

    return {run.data.tags["sciner.run"] for run in _runs(MlflowClient(uri), prepare(uri, experiment))}


def _runs(client: Any, experiment_id: str) -> Iterator[Any]:
    """The experiment's runs that are sciner's, the newest first."""
    page = None
    while True:
        runs = client.search_runs([experiment_id], max_results=1000, page_token=page)
        yield from (run for run in runs if "sciner.run" in run.data.tags)
        if not (page := runs.token):
            return


def download(uri: str, experiment: str | None, folder: Path, sweep: str | None = None, ids: Sequence[str] = ()) -> None:
    """The finished runs of ``experiment`` (None: of all experiments) as run folders (``run.json``, ``rounds.jsonl``,
    ``config.yaml``) below ``folder``; with ``sweep`` only those of that sweep, with ``ids`` only these (sciner's or MLflow's).

    Raises InputError where there is no such database or experiment, and for a run whose artefacts are gone.
    """
    quiet()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():  # MLflow would make one
        raise InputError(f"there is no tracker at {redacted(uri)}", mend="run `sciner run` here first, or give --uri")
    client = MlflowClient(uri)
    there = {e.name: e.experiment_id for e in client.search_experiments()}
    if experiment is not None and experiment not in there:
        raise InputError(f"no experiment {experiment!r} at {redacted(uri)}", mend=nearest(experiment, there))
    asked = there.values() if experiment is None else [there[experiment]]
    for run in (run for id in asked for run in _runs(client, id)):
        tags = run.data.tags
        if sweep is not None and tags.get("sciner.sweep") != sweep:
            continue
        if run.info.status != "FINISHED" or (ids and {run.info.run_id, tags["sciner.run"]}.isdisjoint(ids)):
            continue
        place = folder / run.info.run_id
        place.mkdir(parents=True)
        try:
            for name in ("config.yaml", "rounds.jsonl"):
                client.download_artifacts(run.info.run_id, name, str(place))
        except (MlflowException, OSError):
            raise InputError(
                f"the artefacts of run {run.info.run_id} cannot be read", mend="give run folders instead"
            ) from None
        about = {
            "id": tags["sciner.run"],
            "mlflow": run.info.run_id,
            "name": run.info.run_name,
            "params": run.data.params,
            "tags": {name: value for name, value in tags.items() if not name.startswith("mlflow.")},
            "started": run.info.start_time / 1000,
            "status": "FINISHED",
        }
        (place / "run.json").write_text(json.dumps(about), encoding="utf-8")
