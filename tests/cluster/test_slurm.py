"""A sweep of 12 points on a real Slurm: whatever happens to its jobs, it ends as the serial one."""

from __future__ import annotations

import shutil
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
    """A folder that jobs share with who submits them: not under /tmp, of which the
    node has its own."""
    folder = Path(tempfile.mkdtemp(prefix="sciner-cluster-", dir=Path.home()))
    assert not folder.is_relative_to(PRIVATE)
    yield folder
    shutil.rmtree(folder)


def test_a_sweep_survives_signals_time_limits_and_its_node(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.cluster.scenario import on_slurm, scores, serial

    project = place / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    serial()
    with Slurm(place / "slurm", slots=4) as slurm:
        found = on_slurm(slurm)
    with capsys.disabled():
        print(found)
    assert scores(Path("sweep")) == scores(Path("serial")) and found["points"] == 12
    assert found["computed_twice"] == 0
    assert found["tracked"] == {"FINISHED": 12} and found["left"] == 0
