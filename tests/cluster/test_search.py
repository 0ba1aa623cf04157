"""A search whose workers are the jobs of a Slurm array, as docs/search.md says."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

pytest.importorskip("optuna")

from optuna.trial import FrozenTrial

from sciner.search.summary import open_study, summarise
from tests.cluster.slurm import Slurm, missing
from tests.cluster.test_slurm import place
from tests.postgres import PASSWORD, server

lacks = missing()
pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.skipif(bool(lacks), reason=lacks)]
__all__ = ["place"]  # a fixture
TRIALS = 9
SEARCH = (
    *("run", "-m", "hydra/sweeper=sciner_optuna", "model=gazetteer", "threshold=fixed"),
    *("threshold.min_confidence=interval(0.5,0.95)", "data.limit=80", "data.dev_size=20"),
    *("hydra.sweeper.pruner=none", f"hydra.sweeper.n_trials={TRIALS}"),
    *("hydra.sweep.dir=sweep", "tracking=none"),
)


def test_a_job_that_is_killed_costs_the_study_no_trial(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    with server() as url, Slurm(place / "slurm", slots=3) as slurm:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        command = [sys.executable, "-m", "sciner", *SEARCH, f"hydra.sweeper.storage={url}"]
        array = ("--array=1-3", "--cpus-per-task=1", "--output=worker-%a.txt")
        job = slurm.ask("sbatch", "--parsable", *array, "--wrap", shlex.join(command))

        def trials(state: str) -> list[FrozenTrial]:
            if not (place / "sweep").is_dir():
                return []
            return [t for t in open_study("search", url, place).trials if t.state.name == state]

        slurm.until(lambda: len(trials("COMPLETE")) > 1 and bool(trials("RUNNING")), "work", 600)
        slurm.ask("scancel", "--signal=KILL", "--full", f"{job}_1")
        slurm.until(lambda: not slurm.ask("squeue", "-h", "-j", job), "all workers end", 600, 1)
        study = open_study("search", url, place)
        assert summarise(study).trials == {"complete": TRIALS} and not trials("RUNNING")
        printed = [file.read_text(encoding="utf-8") for file in place.glob("worker-*.txt")]
        assert sum(f"study search: {TRIALS} complete" in text for text in printed) == 1
