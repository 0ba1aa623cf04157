"""Runs in MLflow: one per configuration, with round numbers as steps."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.redact import redacted
from sciner.tracking import address, database
from sciner.tracking.datasets import Dataset
from sciner.tracking.tracker import Curve
from sciner.tracking.unfinished import to_continue

# MLflow's limits
METRICS = 1000  # per call
PARAMS = 100  # per call
VALUE = 6000  # characters of a param

REFUSED = (401, 403)  # HTTP's codes for a user who is unknown, or may not do this
ANOTHER = "start the server, or give another --uri"
CONTEXT = "mlflow.data.context"  # the tag that says what a run uses a dataset for

# no telemetry, no addresses with their passwords in the terminal, and a server that goes down is
# given up after seconds, not minutes
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}


def quiet() -> None:
    """Turn off MLflow's telemetry, log messages and long retries.

    Variables that the user has set are kept.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def connect(uri: str) -> Any:
    """Connect to a tracker; its database is created if necessary.

    Raises:
        InputError: the address is invalid.
        Unreachable: no server answers.
    """
    address.check(uri)
    quiet()
    address.reach(uri)
    from mlflow import MlflowClient

    if file := database.file_of(uri):
        database.prepare_file(file)
    return MlflowClient(uri)


@contextmanager
def opened(uri: str, hint: str) -> Iterator[Any]:
    """Connect to a tracker, for a command that cannot do without it.

    Args:
        uri: of the tracker.
        hint: what to do if no server answers.

    Yields:
        The client.

    Raises:
        InputError: the address is invalid, no server answers, or it refuses us.
    """
    try:
        client = connect(uri)
        with permitted(uri):
            yield client
    except address.Unreachable as error:
        raise InputError(f"no server answers at {redacted(uri)} ({error})", hint=hint) from None


@contextmanager
def permitted(uri: str) -> Iterator[None]:
    """Raise InputError if the server refuses what is done meanwhile."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.get_http_status_code() not in REFUSED:
            raise
        hint = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (docs/team.md)"
        why = address.cause(error)
        raise InputError(f"the server at {redacted(uri)} refuses: {why}", hint=hint) from None


def prepare(uri: str, experiment: str) -> str:
    """Return an experiment's id; the experiment is created if necessary.

    The parent of a sweep calls this before any job starts.

    Raises:
        InputError: the address is invalid, the server refuses us, or the experiment was deleted:
            MLflow still finds it by its name, but accepts no runs.
        Unreachable: no server answers.
    """
    address.check(uri, experiment)
    client = connect(uri)
    from mlflow.exceptions import MlflowException

    file = database.file_of(uri)
    location = (file.parent / "mlruns").resolve().as_uri() if file else None
    with permitted(uri):
        found = client.get_experiment_by_name(experiment)
    if found is None:
        try:
            return str(client.create_experiment(experiment, artifact_location=location))
        except MlflowException:  # another process was first
            found = client.get_experiment_by_name(experiment)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        hint = (
            f"restore it (mlflow experiments restore --experiment-id {found.experiment_id}) or "
            "give another name"
        )
        raise InputError(f"the experiment {experiment!r} at {redacted(uri)} was deleted", hint=hint)
    return str(found.experiment_id)


def runs_page(client: Any) -> str:
    """The end of the UI's address for the runs of the experiment that was updated last.

    Without the workflow the UI opens its pages for language models.
    """
    newest = max(client.search_experiments(), key=lambda found: found.last_update_time or 0)
    return f"#/experiments/{newest.experiment_id}/runs?workflowType=machine_learning"


class MlflowTracker:
    """One MLflow run, logged through a client.

    MLflow's global state is not used, so that one process can log several runs.

    Args:
        uri: of the tracker.
        experiment: its name.
        times: when the run began and ended, in seconds since 1970; None for now.
        run: an unfinished run of MLflow to be completed.
    """

    def __init__(
        self,
        uri: str,
        experiment: str,
        times: tuple[float | None, float | None] = (None, None),
        run: Any | None = None,
    ) -> None:
        self.uri, self.experiment, self.times, self.continued = uri, experiment, times, run
        self.run_id = self.experiment_id = ""
        self.claim = ExitStack()  # holds the folder of ``continued`` until it has started
        self.known: set[tuple[str, int, float]] = set()  # what a continued run has logged already

    def _open(self) -> None:
        if not self.experiment_id:
            self.experiment_id = prepare(self.uri, self.experiment)
            from mlflow import MlflowClient

            self.client = MlflowClient(self.uri)

    def unfinished(self, tags: Mapping[str, str]) -> str:
        self._open()
        self.continued = to_continue(self.client, self.experiment_id, tags, self.claim)
        return str(self.continued.data.tags["sciner.run"]) if self.continued else ""

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._open()
        from mlflow.entities import Param

        name = name if len(name) <= address.NAME else f"{name[: address.NAME - 1]}…"
        there: Mapping[str, str] = {}
        if self.continued is None:
            began = milliseconds(self.times[0])
            self.run_id = self.client.create_run(
                self.experiment_id, began, dict(tags), run_name=name
            ).info.run_id
        else:
            there = self.continued.data.params
            with self.claim:
                self._go_on_with(self.continued, name, tags)
        # params cannot be changed
        new = (Param(key, value[:VALUE]) for key, value in params.items() if key not in there)
        for params_of_call in chunks(new, PARAMS):
            self.client.log_batch(self.run_id, params=params_of_call)

    def _go_on_with(self, run: Any, name: str, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self.run_id = run.info.run_id
        self.client.update_run(self.run_id, "RUNNING", name)
        self.known = set(figures_of(self.client, run))
        for old in run.data.tags.keys() - tags.keys():
            if not old.startswith("mlflow."):
                self.client.delete_tag(self.run_id, old)
        for tags_of_call in chunks((RunTag(key, value) for key, value in tags.items()), PARAMS):
            self.client.log_batch(self.run_id, tags=tags_of_call)

    def inputs(self, datasets: Sequence[Dataset]) -> None:
        from mlflow.entities import Dataset as Logged
        from mlflow.entities import DatasetInput, InputTag

        logged = [
            DatasetInput(
                Logged(
                    one.name,
                    one.digest,
                    one.source_type,
                    json.dumps(one.source),
                    profile=one.profile(),
                ),
                [InputTag(CONTEXT, one.context)],
            )
            for one in datasets
        ]
        self.client.log_inputs(self.run_id, logged)

    def log_round(self, number: int, scores: Mapping[str, float], losses: Curve) -> None:
        from mlflow.entities import Metric

        rows = [(name, number, value) for name, value in scores.items()]
        rows += [(f"train/round_{number}/loss", step, loss) for step, loss in losses]
        now = milliseconds(self.times[1]) or int(time.time() * 1000)
        metrics = [
            Metric(name, value, now, step)
            for name, step, value in rows
            if (name, step, value) not in self.known
        ]
        for metrics_of_call in chunks(metrics, METRICS):  # a batch costs 50 ms, a single metric 3
            self.client.log_batch(self.run_id, metrics=metrics_of_call)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        log_path = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
        log_path(self.run_id, str(path), folder)

    def tag(self, name: str, value: str) -> None:
        self.client.set_tag(self.run_id, name, value)

    def finish(self, status: str) -> None:
        if self.run_id:  # otherwise it was stopped before it started
            self.client.set_terminated(self.run_id, status, milliseconds(self.times[1]))


def figures_of(client: Any, run: Any) -> Iterator[tuple[str, int, float]]:
    """Yield the name, step and value of everything logged in a run."""
    for name in run.data.metrics:
        yield from (
            (name, m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)
        )


def chunks(things: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield lists of at most ``size`` items."""
    whole = list(things)
    yield from (whole[at : at + size] for at in range(0, len(whole), size))


def milliseconds(seconds: float | None) -> int | None:
    """Seconds as whole milliseconds."""
    return None if seconds is None else int(1000 * seconds)
