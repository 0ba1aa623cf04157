"""The tracker is a view: lost, it is made anew from what runs left behind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.tracking.database import local_uri
from tests.specs.test_run import fake  # noqa: F401 (a fixture)

PARTS = ["pool", "seed set", "test"]


def shown(uri: str) -> dict[str, Any]:
    """Everything that the tracker says of every finished run, by the run's own id."""
    from mlflow import MlflowClient

    client, found = MlflowClient(uri), {}
    for run in client.search_runs([e.experiment_id for e in client.search_experiments()]):
        points = {
            name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics
        }
        metrics = {
            name: sorted((m.step, m.value) for m in history) for name, history in points.items()
        }
        tags = {
            name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.")
        }
        assert run.data.tags["sciner.run"] not in found
        found[run.data.tags["sciner.run"]] = (
            run.info.run_name,
            run.info.status,
            run.data.params,
            tags,
            metrics,
            inputs_of(run),
        )
    return found


def inputs_of(run: Any) -> list[tuple[str, ...]]:
    """What each dataset input of a run says, the context first."""
    return sorted(
        (*(tag.value for tag in one.tags), *map(str, vars(one.dataset).values()))
        for one in run.inputs.dataset_inputs
    )


def begun(uri: str) -> dict[str, int]:
    """When each run began, in milliseconds since 1970."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return {run.data.tags["sciner.run"]: run.info.start_time for run in runs}


def call(*words: str) -> None:
    app([*words], standalone_mode=False)


@pytest.fixture
def swept(project: Path, empty_database: Path) -> tuple[Path, str, dict[str, Any]]:
    """A project after a sweep and a run, a second database that is empty, and what the first
    says."""
    assert (
        main(["-m", "threshold=accept_all,fixed", "iteration.rounds=1", "hydra.sweep.dir=sweep"])
        == 0
    )
    assert main(["hydra.run.dir=single", "iteration=supervised"]) == 0
    before = shown(local_uri(project))
    assert len(before) == 3
    (project / "new").mkdir()
    shutil.copy(empty_database, project / "new" / "mlflow.db")
    for about in project.rglob("run.json"):  # long ago, so that the replay's own time is another
        about.write_text(
            re.sub(r'"(started|ended)": \d{10}', r'"\1": 1600000000', about.read_text())
        )
    return project, local_uri(project / "new"), before


def test_replay_rebuilds_every_run_from_the_store(swept: tuple[Path, str, dict[str, Any]]) -> None:
    project, new, before = swept
    for folder in ("sweep", "single"):
        shutil.rmtree(project / folder)
    call("track", "replay", "--uri", new)
    assert shown(new) == before
    assert all([context for context, *_ in told[5]] == PARTS for told in before.values())
    assert {begin // 10_000 for begin in begun(new).values()} == {1600000000 // 10}
    call("track", "replay", "--uri", new)  # what stands there is left alone
    assert shown(new) == before


def test_replay_of_one_sweep_or_folder(swept: tuple[Path, str, dict[str, Any]]) -> None:
    _, new, before = swept
    sweep = next(told[3]["sciner.sweep"] for told in before.values() if "sciner.sweep" in told[3])
    call("track", "replay", "--sweep", sweep, "--uri", new)
    assert len(shown(new)) == 2
    call("track", "replay", "single", "--uri", new)
    assert shown(new) == before


def test_a_run_that_did_not_end_is_not_replayed(swept: tuple[Path, str, dict[str, Any]]) -> None:
    project, _, _ = swept
    about = project / "single" / "run.json"
    about.write_text(about.read_text().replace("FINISHED", "RUNNING"))
    with pytest.raises(InputError, match="a run is recorded when it has ended"):
        call("track", "replay", "single")
    with pytest.raises(InputError, match="sweeps there"):
        call("track", "replay", "--sweep", "nonsense")
