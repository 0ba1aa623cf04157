"""A team's tracker: an MLflow server on PostgreSQL, which many use and which may be restarted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slow.test_sweeps import sciner
from tests.team import ADMIN, Load, TeamTracker, measure, team_tracker

pytestmark = pytest.mark.slow

POINTS = 12
SWEEP = (
    *("run", "-m", "hydra/launcher=basic", "model=gazetteer", "data.limit=40"),
    *("iteration.rounds=1", f"seed={','.join(map(str, range(POINTS)))}", "hydra.sweep.dir=sweep"),
)


@pytest.fixture
def team() -> Iterator[TeamTracker]:
    with team_tracker() as started:
        yield started


def test_eight_writers_at_once_lose_nothing(team: TeamTracker) -> None:
    load = Load(runs=5)
    found = measure(team, load)
    print(found)
    assert found["ended"] == found["runs"] == 40
    assert found["figures"] == found["different"] == load.figures == 24_000
    assert found["sum"] == load.figures * (load.figures - 1) // 2  # each is another whole number


def until(holds: Callable[[], bool], sweep: subprocess.Popen[str]) -> None:
    while not holds():
        assert sweep.poll() is None, sweep.communicate()
        time.sleep(0.05)


def test_a_server_that_was_restarted_has_every_run_when_the_sweep_ends(
    team: TeamTracker, tmp_path: Path
) -> None:
    """And nothing that anybody reads has the password, from an address or from a variable."""
    uri = team.uri_with_password
    refused = sciner(*SWEEP, f"tracking.uri={team.uri}", cwd=tmp_path, code=2)
    assert refused.count("\n") == 1 and "set MLFLOW_TRACKING_USERNAME" in refused
    sweep = subprocess.Popen(
        [sys.executable, "-m", "sciner", *SWEEP, f"tracking.uri={uri}"],
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    ended = "SELECT count(*) FROM runs WHERE status = 'FINISHED'"
    until(lambda: team.ask(ended) > [(2,)], sweep)
    team.kill()
    known = len(list(tmp_path.glob("sweep/*/run.json")))
    until(lambda: len(list(tmp_path.glob("sweep/*/run.json"))) > known + 1, sweep)
    os.kill(sweep.pid, signal.SIGSTOP)  # the server may need longer than the rest of the sweep
    team.start()
    os.kill(sweep.pid, signal.SIGCONT)
    out, _ = sweep.communicate(timeout=600)
    assert sweep.returncode == 0, out
    assert "the tracker answers again" in out and "0 failed" in out
    assert_complete(uri, tmp_path / "sweep")
    variables = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": ADMIN}
    again = ("track", "replay", "--uri", team.uri, "--experiment", "again")
    out += sciner(*again, cwd=tmp_path, env=variables)
    assert f"{POINTS} runs replayed, 0 completed" in out
    out += sciner("report", "sweep", "-o", "report", cwd=tmp_path)
    assert_secret(team, tmp_path, out)


def assert_complete(uri: str, sweep: Path) -> None:
    """Each point is one run with all figures and artefacts."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert len(runs) == POINTS and {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        folder = Path(run.data.tags["sciner.directory"])
        assert folder.parent == sweep
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert run.data.tags["sciner.run"] == about["id"]
        rows = [json.loads(line) for line in (folder / "rounds.jsonl").open(encoding="utf-8")]
        for name in ("test/f1/micro", "budget/sentences"):
            history = client.get_metric_history(run.info.run_id, name)
            told = sorted((m.step, m.value) for m in history)
            assert told == [(row["round"], row["scores"][name]) for row in rows]
        names = {file.path for file in client.list_artifacts(run.info.run_id)}
        assert names == {"config.yaml", "rounds.jsonl", "run.json", "round_1"}


def assert_secret(team: TeamTracker, project: Path, out: str) -> None:
    """No password in params, tags, artefacts, logs, Hydra's files, reports or the terminal."""
    files = [p for place in (project, team.folder) for p in place.rglob("*") if p.is_file()]
    names = {file.name for file in files}
    assert {"hydra.yaml", "multirun.yaml", "sciner.log", "config.yaml", "server.log"} <= names
    texts = [file.read_bytes().decode("utf-8", "replace") for file in files]
    for table in ("params", "tags", "experiments", "runs", "datasets"):
        rows = team.ask(f"SELECT * FROM {table}")
        assert rows
        texts.append(str(rows))
    assert not any(ADMIN in text for text in (out, *texts))
