"""A submitted sweep whose tracker was down: its last job logs what the tracker missed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cluster.slurm import Slurm, missing
from tests.cluster.test_slurm import place
from tests.team import ADMIN, team_tracker

lacks = missing() or ("" if find_spec("submitit") else "needs the extra slurm")
pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.skipif(bool(lacks), reason=lacks)]
__all__ = ["place"]  # a fixture
SWEEP = (
    *("sweep", "submit", "model=gazetteer", "data.limit=40", "iteration=supervised"),
    *("seed=0,1,2", "hydra.sweep.dir=sweep", "hydra.launcher.array_parallelism=1"),
)


def test_all_points_are_in_the_tracker_and_no_file_has_its_password(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    with team_tracker() as team, Slurm(place / "slurm", slots=1) as slurm:
        team.kill()
        words = [*SWEEP, f"tracking.uri={team.uri_with_password}"]
        submitted = subprocess.run([sys.executable, "-m", "sciner", *words], capture_output=True)
        assert submitted.returncode == 0, submitted
        first = place / "sweep/.sweep/0.json"
        slurm.until(first.exists, "the first point ends", 600)
        waiting = slurm.ask("squeue", "-h", "-t", "PD", "-o", "%A").split()
        assert waiting
        slurm.ask("scontrol", "hold", *waiting)
        team.start()
        slurm.ask("scontrol", "release", *waiting)
        slurm.until(lambda: not slurm.ask("squeue", "-h"), "the last point ends", 600)
        statuses = "SELECT status, count(*) FROM runs GROUP BY status"
        assert team.ask(statuses) == [("FINISHED", 3)]
        assert '"code": 0' in first.read_text(encoding="utf-8")
        files = [file for file in (place / "sweep").rglob("*") if file.is_file()]
        assert not [file for file in files if ADMIN.encode() in file.read_bytes()]
