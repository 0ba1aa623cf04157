from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import UNAUTHENTICATED

from sciner.errors import InputError
from sciner.redact import redacted
from sciner.results.records import Record
from sciner.tracking.address import place_of
from sciner.tracking.database import local_uri
from sciner.tracking.datasets import Dataset
from sciner.tracking.download import download
from sciner.tracking.mlflow import MlflowTracker, connect, prepare, runs_page
from sciner.tracking.params import params_of
from sciner.tracking.registry import tracked
from sciner.tracking.replay import close_interrupted, replay


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "postgresql://ann:s3cr:et@db.example:5432/mlflow",
            "postgresql://ann:***@db.example:5432/mlflow",
        ),
        (
            "tracking.uri=https://ann:secret@example.org seed=1",
            "tracking.uri=https://ann:***@example.org seed=1",
        ),
        ("https://example.org:5000/a@b", "https://example.org:5000/a@b"),
        ("sqlite:////tmp/a:b@c/mlflow.db", "sqlite:////tmp/a:b@c/mlflow.db"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert redacted(address) == shown


def test_the_configured_place_goes_before_the_environment_and_that_before_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert (
        place_of(None, tmp_path)
        == local_uri(tmp_path)
        == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team")
    assert place_of(None, tmp_path) == "http://team"
    assert place_of("http://mine", tmp_path) == "http://mine"


def test_params_are_the_whole_configuration_and_every_key_is_one_that_mlflow_takes(
    tmp_path: Path, empty_database: Path
) -> None:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    classes = ["C++", "a//b", "..", "Tâche", "F1@k", "x" * 300]
    many = {f"k{n}": n for n in range(250)}
    config = {
        "seed": 0,
        "threshold": {"level": None, "classes": dict.fromkeys(classes, 0.5)},
        "data": {"train": ["a,b", "c"]},
    }
    tags = {"choice.data": "files", "sciner.run": "r"}
    params = params_of(config | {"many": many}, tags)
    tracker = MlflowTracker(local_uri(tmp_path), "Default")
    tracker.start("n" * 300, params | {"long": "v" * 7000}, tags)
    run = tracker.client.get_run(tracker.run_id)
    assert len(run.data.params) == 250 + 3 + len(classes) + 1 + 1
    assert (
        run.data.params | {"long": ""} == params | {"long": ""}
        and len(run.data.params["long"]) == 6000
    )
    assert {
        k: params[k]
        for k in ("data", "data.train", "threshold.level", "threshold.classes.Tâche", "many.k7")
    } == {
        "data": "files",
        "data.train": '["a,b", "c"]',
        "threshold.level": "null",
        "threshold.classes.Tâche": "0.5",
        "many.k7": "7",
    }
    assert len(run.info.run_name) == 250 and run.info.run_name.endswith("…")


@pytest.mark.parametrize(
    "ask",
    [
        lambda uri: prepare(uri, "sciner"),
        lambda uri: tracked(uri, Record(Path(), {"id": "a"}, {}, [])),
        lambda uri: download(uri, None, Path()),
        lambda uri: list(replay([], uri, "sciner")),
        lambda uri: close_interrupted(uri, "sciner"),
    ],
)
def test_a_server_that_wants_a_password_is_one_line_that_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], object]
) -> None:
    class Closed:
        def get_experiment_by_name(self, name: str) -> None:
            raise MlflowException("You are not authenticated", UNAUTHENTICATED)

        def search_experiments(self) -> None:
            raise MlflowException("You are not authenticated", UNAUTHENTICATED)

    monkeypatch.setattr("sciner.tracking.mlflow.connect", lambda uri: Closed())
    with pytest.raises(InputError, match="not authenticated; set MLFLOW_TRACKING_USERNAME"):
        ask("http://team:5000")


@pytest.mark.parametrize(
    ("source_type", "source"),
    [
        ("local", {"uri": "/corpus/train.conll"}),
        ("http", {"url": "https://example.org/corpus"}),
        ("hugging_face", {"path": "tner/bc5cdr", "config_name": None, "revision": "main"}),
        ("code", {"tags": {"mlflow.source.name": "sciner.text.sample"}}),
    ],
)
def test_a_part_of_the_corpus_is_a_dataset_input_whose_source_mlflow_reads(
    source_type: str, source: dict[str, Any], tmp_path: Path, empty_database: Path
) -> None:
    """Also where a run is continued, and told of its inputs once more."""
    from mlflow.data import get_source

    shutil.copy(empty_database, tmp_path / "mlflow.db")
    tracker = MlflowTracker(local_uri(tmp_path), "Default")
    tracker.start("run", {}, {})
    told = [Dataset("sample", "test", "d1" * 18, source_type, source, 2, 9, 3)]
    for _ in range(2):
        tracker.inputs(told)
    (found,) = tracker.client.get_run(tracker.run_id).inputs.dataset_inputs
    assert [(tag.key, tag.value) for tag in found.tags] == [("mlflow.data.context", "test")]
    assert (found.dataset.name, found.dataset.digest) == ("sample", "d1" * 18)
    assert json.loads(found.dataset.profile) == {"num_rows": 2, "num_elements": 9, "entities": 3}
    if source_type != "hugging_face":  # its source wants the package datasets
        assert get_source(found).to_dict() == source


def test_the_ui_opens_on_the_runs_of_the_newest_experiment(
    tmp_path: Path, empty_database: Path
) -> None:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    id = prepare(local_uri(tmp_path), "sciner")
    page = runs_page(connect(local_uri(tmp_path)))
    assert id != "0" and page == f"#/experiments/{id}/runs?workflowType=machine_learning"
