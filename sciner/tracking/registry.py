"""Exported encoders in MLflow's model registry, with its transformers flavour."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from io import StringIO
from pathlib import Path

from sciner.errors import InputError
from sciner.redact import redacted
from sciner.results.records import Record
from sciner.tagger.encoder.export import pipeline_of
from sciner.tracking import address, database
from sciner.tracking.mlflow import ANOTHER, opened

REQUIRED = ("torch", "transformers")
TAGS = ("sciner.run", "sciner.corpus", "sciner.corpus_digest")
FIRST = {"aggregation_strategy": "first"}  # the other pieces of a word were not trained


@dataclass(frozen=True, slots=True)
class Tracked:
    """A run in a tracker.

    Attributes:
        uri: of the tracker.
        run_id: of MLflow.
        experiment: the id and the name of its experiment.
    """

    uri: str
    run_id: str
    experiment: tuple[str, str]


def tracked(uri: str, record: Record) -> Tracked:
    """Find a run in a tracker.

    Raises:
        InputError: there is no such tracker, no server answers, or it does not have the run.
    """
    file = database.file_of(uri)
    if file and not file.is_file():  # MLflow would create one
        raise InputError("there is no such tracker", file=file, hint="give --uri")
    where = f"tags.`sciner.run` = '{record.about['id']}'"
    with opened(uri, ANOTHER) as client:
        names = {one.experiment_id: one.name for one in client.search_experiments()}
        for run in client.search_runs([*names], where, max_results=1):
            place = run.info.experiment_id
            return Tracked(uri, run.info.run_id, (place, names[place]))
    raise InputError(
        f"{redacted(uri)} does not have this run",
        file=record.folder,
        hint="log it with sciner track replay, or give another --uri",
    )


def check_name(name: str) -> None:
    """Raise InputError for a name that MLflow's registry refuses."""
    if not name.strip() or not {"/", ":"}.isdisjoint(name):
        raise InputError(f"--register {name}: no name of a model", hint="leave out / and :")


def register(tracked: Tracked, record: Record, model: Path, name: str, example: str) -> str:
    """Log an exported encoder into its run, and register it as a new version.

    Args:
        tracked: the run.
        record: of the run.
        model: the exported folder of the encoder.
        name: in the registry.
        example: a sentence, as the input example.

    Returns:
        The number of the version.

    Raises:
        InputError: MLflow fails.
    """
    from huggingface_hub import ModelCard
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature
    from mlflow.transformers import log_model
    from mlflow.types import ColSpec, Schema

    text = Schema([ColSpec("string")])
    number, title = tracked.experiment
    here = {
        "MLFLOW_TRACKING_URI": tracked.uri,
        "MLFLOW_EXPERIMENT_ID": number,
        "MLFLOW_EXPERIMENT_NAME": title,
    }
    try:
        # log_model knows no other way to be told; it reports every step on standard error
        with variables(here), redirect_stderr(StringIO()):
            logged = log_model(
                pipeline_of(model),
                name="model",
                registered_model_name=name,
                run_id=tracked.run_id,
                step=record.rounds[-1]["round"],
                signature=ModelSignature(text, text),
                input_example=example,
                model_card=ModelCard.load(model / "README.md"),
                model_config=FIRST,
                pip_requirements=[f"{p}=={version(p).partition('+')[0]}" for p in REQUIRED],
                tags=tags_of(record),
            )
    except (MlflowException, OSError) as error:
        raise InputError(
            f"MLflow did not register the model ({address.cause(error)})",
            hint=f"{model.parent} is complete",
        ) from None
    return str(logged.registered_model_version)


def tags_of(record: Record) -> dict[str, str]:
    """The tags of a version: its run, its corpus, and the scores of the last round."""
    known = record.about["tags"] | {"sciner.run": record.about["id"]}
    scores = record.rounds[-1]["scores"]
    shown = (f"test/{figure}/micro" for figure in ("f1", "precision", "recall"))
    found = {tag: known[tag] for tag in TAGS if tag in known}
    return found | {score: f"{scores[score]:.4f}" for score in shown if score in scores}


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
