"""Real sweeps in real processes: tiny encoder, few steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from sciner.launch.experiment import read_experiment
from sciner.launch.hydra_errors import choices_of
from sciner.text.sample import LABELS
from sciner.tracking.database import local_uri
from tests.endpoint import MODEL, serving

pytestmark = pytest.mark.slow
SMOKE = ("model=tiny", "model.steps=2", "data.limit=40")


def sciner(*words: str, cwd: Path, code: int = 0, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sciner", *words],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def scores_of(folder: Path) -> list[dict[str, float]]:
    rows = [
        json.loads(line)["scores"]
        for line in (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [{k: v for k, v in row.items() if not k.startswith("time")} for row in rows]


def test_eight_points_are_eight_runs_with_a_point_a_round(project: Path) -> None:
    from mlflow import MlflowClient

    axes = ("data.seed_size=25%,50%", "iteration.rounds=1,2", "threshold=accept_all,fixed")
    sciner("run", "-m", *axes, *SMOKE, "hydra.sweep.dir=sweep", cwd=project)
    client = MlflowClient(local_uri(project))
    runs = list(client.search_runs([e.experiment_id for e in client.search_experiments()]))
    assert len(runs) == 8
    assert len({run.data.tags["sciner.sweep"] for run in runs}) == 1
    for run in runs:
        rounds = int(run.data.params["iteration.rounds"])
        for label in LABELS:
            steps = sorted(
                m.step for m in client.get_metric_history(run.info.run_id, f"test/f1/class/{label}")
            )
            assert steps == list(range(rounds + 1))


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """What a test starts ends with it."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("experiment", sorted(choices_of("experiment")))
def test_every_committed_sweep_runs(experiment: str, tmp_path: Path, running: ExitStack) -> None:
    words = [
        f"experiment={experiment}",
        *SMOKE,
        "data=sample",
        "tracking=none",
        "iteration.rounds=1",
        "hydra.sweep.dir=sweep",
    ]
    if read_experiment(experiment).words.get("llm") == "endpoint":
        pytest.importorskip("openai")
        served = running.enter_context(serving())
        words += [f"llm.base_url={served.url}", f"llm.name={MODEL}"]
    if experiment == "search/minilm":
        pytest.importorskip("optuna")
        words += ["hydra.sweeper.n_trials=2", "data.limit=60"]
    else:
        words += ["seed=0"]
    assert " 0 failed" in sciner("run", *words, cwd=tmp_path)
    assert list((tmp_path / "sweep").glob("*/rounds.jsonl"))


def test_the_same_command_gives_the_same_scores_whatever_the_hash_seed(tmp_path: Path) -> None:
    words = (
        "run",
        "model=tiny",
        "model.steps=8",
        "data.limit=60",
        "threshold=fixed",
        "threshold.min_confidence=0.2",
        "tracking=none",
    )
    for name in ("1", "2"):
        sciner(*words, f"hydra.run.dir={name}", cwd=tmp_path, env={"PYTHONHASHSEED": name})
    assert scores_of(tmp_path / "1") == scores_of(tmp_path / "2")


def test_without_tracking_mlflow_is_not_imported(tmp_path: Path) -> None:
    words = ["run", *SMOKE, "tracking=none", "hydra.run.dir=here"]
    barred = (
        f"import sys; sys.modules['mlflow'] = None; sys.argv = ['sciner', *{words}]; from "
        "sciner.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", barred], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(scores_of(tmp_path / "here")) == 3


def test_a_tracker_that_is_down_costs_the_view_only(tmp_path: Path) -> None:
    out = sciner(
        "run", *SMOKE, "tracking.uri=http://127.0.0.1:9", "hydra.run.dir=here", cwd=tmp_path, code=3
    )
    assert "the tracker failed ([Errno 111] Connection refused)" in out and "tracked:" not in out
    assert len(scores_of(tmp_path / "here")) == 3


def test_four_processes_may_touch_a_new_database_first(tmp_path: Path) -> None:
    touch = (
        f"from sciner.tracking.mlflow import prepare; print(prepare({local_uri(tmp_path)!r}, "
        "'race'))"
    )
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(
                lambda _: subprocess.run([sys.executable, "-c", touch], capture_output=True),
                range(4),
            )
        )
    assert [d.returncode for d in done] == [0] * 4, done
    assert len({d.stdout for d in done}) == 1


def test_jobs_side_by_side_share_one_database(project: Path) -> None:
    """Four points, two processes."""
    from mlflow import MlflowClient

    words = (
        "-m",
        "seed=0,1,2,3",
        *SMOKE,
        "hydra.launcher.n_jobs=2",
        "hydra.sweep.dir=sweep",
    )
    assert "4 of 4 jobs done" in sciner("run", *words, cwd=project)
    client = MlflowClient(local_uri(project))
    runs = list(client.search_runs([e.experiment_id for e in client.search_experiments()]))
    assert sorted(r.data.params["seed"] for r in runs) == list("0123")
    assert {r.info.status for r in runs} == {"FINISHED"}
    for run in runs:
        assert len(client.get_metric_history(run.info.run_id, "test/f1/micro")) == 3


def test_how_the_quality_of_the_first_labels_matters_is_one_command(project: Path) -> None:
    """Error rate against size of the seed set: eight runs, at the same price but for the entities;
    what is labelled gets worse with the rate, and at a rate of 0 the run is that of a perfect
    annotator."""
    pytest.importorskip("pycrfsuite", reason="pip install 'sciner[crf]'")
    quick = ("model=crf", "model.max_iterations=20", "iteration.rounds=1", "tracking=none")
    axes = ("annotator=noisy", "annotator.rate=0,0.05,0.1,0.2", "data.seed_size=5%,20%")
    assert "8 of 8 jobs done" in sciner(
        "run", "-m", *axes, *quick, "hydra.sweep.dir=sweep", cwd=project
    )
    sciner("run", *quick, "data.seed_size=5%", "hydra.run.dir=perfect", cwd=project)
    # the last axis turns first
    runs = [scores_of(project / "sweep" / str(job)) for job in range(8)]
    assert runs[0] == scores_of(project / "perfect")
    for size in (runs[0::2], runs[1::2]):
        quality = [rounds[0]["gold/f1"] for rounds in size]
        assert quality == sorted(quality, reverse=True) and quality[0] == 1.0 > quality[-1] > 0.6
        assert len({rounds[0]["budget/tokens"] for rounds in size}) == 1
        assert len({rounds[-1]["test/f1/micro"] for rounds in size}) > 1
