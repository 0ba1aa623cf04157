"""Sweeps on a real Slurm: whatever happens to their jobs, they end as on one machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cluster.slurm import PRIVATE, Slurm, missing

lacks = missing() or ("" if find_spec("submitit") else "needs the extra slurm")
pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.skipif(bool(lacks), reason=lacks)]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the node shares with who submits: not where it has a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="sciner-cluster-", dir=Path.home()))
    assert not folder.is_relative_to(PRIVATE)
    yield folder
    shutil.rmtree(folder)


def test_a_sweep_survives_signals_a_time_limit_and_the_death_of_its_node(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.cluster.scenario import sweep_on_slurm

    monkeypatch.chdir(place)
    found = sweep_on_slurm(place)
    print(found)
    happened = {fault["what"] for fault in found["faults"]}
    assert happened == {"time limit", "scancel --signal=TERM", "scancel --signal=USR1", "node died"}
    assert all(fault["seconds"] is not None for fault in found["faults"])  # each was queued again
    assert found["points"] == 12 and found["same_scores"]
    assert found["computed_twice"] == 0
    assert found["tracked"] == {"FINISHED": 12} and found["left"] == 0


QUICK = ("model=gazetteer", "data.limit=40", "iteration=supervised", "trainer.threads=1")


def sciner(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "sciner", *words], capture_output=True, text=True)


@pytest.mark.parametrize("launcher", ["slurm", "submitit_slurm"])
def test_a_sweep_waits_for_its_jobs_and_says_how_they_ended(
    launcher: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with Hydra's own launcher: no job needs a file that only one machine has."""
    monkeypatch.chdir(place)
    words = ("-m", *QUICK, f"hydra/launcher={launcher}", "hydra.sweep.dir=sweep")
    with Slurm(place / "slurm"):
        done = sciner("run", *words, "seed=0,1")
        assert done.returncode == 0 and "2 of 2 jobs done, 0 failed" in done.stdout
        (place / "bad.jsonl").write_text("{")
        bad = ("data=files", "data.train=bad.jsonl", "data.test=bad.jsonl")
        failed = sciner("run", *words, *bad, "seed=0,1")
        assert failed.returncode == 2 and "2 failed" in failed.stdout
        assert "failed: " in failed.stdout and "bad.jsonl" in failed.stdout


def test_a_submitted_sweep_is_looked_at_and_cancelled_from_another_shell(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    long = ("model.steps=100000", "model=tiny", "data.limit=40", "seed=0,1")

    def until(told: str) -> None:
        slurm.until(lambda: told in sciner("sweep", "status", "sweep").stdout, told, 600, 1)

    with Slurm(place / "slurm", slots=1) as slurm:
        assert sciner("sweep", "submit", *long, "hydra.sweep.dir=sweep").returncode == 0
        until("1 waiting, 1 running")
        again = sciner("sweep", "submit", *long, "hydra.sweep.dir=sweep")
        assert again.returncode == 2 and "still queued" in again.stderr
        assert sciner("sweep", "cancel", "sweep").returncode == 0
        until("2 cancelled")
        assert sciner("sweep", "wait", "sweep").returncode == 1
        assert "sweep/.submitit" in sciner("sweep", "logs", "sweep", "--point", "0").stdout
