"""Equal keys, equal results: whatever the process, the order, the hash seed, and however many write
at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
BASE = ["model=tiny", "model.steps=8", "iteration.rounds=1", "trainer.threads=1"]


def start(project: Path, *words: str, hash_seed: str = "0") -> subprocess.Popen[str]:
    env = {
        k: v for k, v in os.environ.items() if not k.startswith("SCINER_") or k == "SCINER_MIRROR"
    }
    command = [sys.executable, "-m", "sciner", "run", *BASE, *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command,
        cwd=project,
        env=env | {"PYTHONHASHSEED": hash_seed},
        text=True,
        stdout=pipe,
        stderr=pipe,
    )


def finish(process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err


def runs(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of every run below ``folder``, by the words that differ."""
    found = {}
    for file in folder.rglob("rounds.jsonl"):
        about = json.loads((file.parent / "run.json").read_text(encoding="utf-8"))
        name = " ".join(
            f"{k}={v}"
            for k, v in sorted(about["params"].items())
            if k in ("seed", "threshold", "data.seed_size")
        )
        found[name] = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return found


def scores(folder: Path) -> dict[str, list[dict[str, float]]]:
    def timeless(row: dict[str, Any]) -> dict[str, float]:
        return {k: v for k, v in row["scores"].items() if not k.startswith("time/")}

    return {name: [timeless(row) for row in rows] for name, rows in runs(folder).items()}


def executed(folder: Path) -> list[str]:
    """Keys of the steps that were computed, with repetition."""
    return [
        s["key"]
        for rows in runs(folder).values()
        for row in rows
        for s in row["steps"]
        if not s["hit"]
    ]


def test_a_sweep_has_the_same_scores_in_any_order_process_and_hash_seed(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("serial", "reversed", "parallel")]
    axes = (
        ["threshold=accept_all,fixed", "data.seed_size=10%,20%"],
        ["data.seed_size=20%,10%", "threshold=fixed,accept_all"],
    )
    jobs = ["hydra.launcher.n_jobs=2"]
    for place, words, hash_seed in zip(
        places, (axes[0], axes[1], [*axes[0], *jobs]), ("0", "1", "2"), strict=True
    ):
        place.mkdir()
        finish(
            start(
                place, "-m", "tracking=none", *words, "hydra.sweep.dir=sweep", hash_seed=hash_seed
            )
        )
    first, *others = (scores(place / "sweep") for place in places)
    assert len(first) == 4 and all(len(rows) == 2 for rows in first.values())
    assert all(other == first for other in others)
    for place in places:  # and nothing was computed twice, by however many jobs
        keys = executed(place / "sweep")
        assert len(keys) == len(set(keys)) > 0


def test_four_shells_share_a_store_and_a_database_and_lose_nothing(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    from sciner.text.sample import read_sample
    from sciner.tracking.charts import grouped
    from sciner.tracking.database import local_uri

    words = [
        ("threshold=accept_all", "seed=0"),
        ("threshold=fixed", "seed=0"),
        ("threshold=accept_all", "seed=1"),
        ("threshold=accept_all", "seed=0"),
    ]
    shells = [start(tmp_path, *these, f"hydra.run.dir=run{n}") for n, these in enumerate(words)]
    for shell in shells:
        finish(shell)
    keys = [key for n in range(4) for key in executed(tmp_path / f"run{n}")]
    assert len(keys) == len(set(keys))
    client = MlflowClient(local_uri(tmp_path))
    tracked = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert [run.info.status for run in tracked] == ["FINISHED"] * 4
    for run in tracked:
        folder = Path(run.data.tags["sciner.directory"])
        rows = [
            json.loads(line)
            for line in (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        told = [(row["round"], grouped(row["scores"], read_sample().labels)) for row in rows]
        for name in told[0][1]:
            history = sorted(
                (m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)
            )
            assert history == [(round, scores[name]) for round, scores in told if name in scores]
