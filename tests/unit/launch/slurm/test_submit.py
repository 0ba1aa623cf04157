"""What is asked of Slurm for a sweep, and what jobs import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sciner.config.places import TrackingConfig
from sciner.errors import InputError
from sciner.launch.jobs import prepare_tracking
from sciner.launch.overrides import check, parse_flags
from sciner.launch.slurm.snapshot import take_snapshot
from sciner.launch.slurm.submit import Settings


def settings(*words: str, **values: object) -> Settings:
    return Settings(values, check(parse_flags(list(words))).points)


def test_a_job_has_the_cpus_of_its_threads_and_a_gpu_only_where_one_is_asked_for() -> None:
    cpu = settings("model=tiny", "trainer.threads=3", partition="long", mem_gb=4)
    assert cpu.of_submitit() == {"cpus_per_task": 3, "slurm_partition": "long", "mem_gb": 4}
    gpu = settings("model=tiny", "trainer=gpu")
    assert gpu.of_submitit() == {"cpus_per_task": 1, "slurm_gres": "gpu:1"}
    chosen = settings("model=tiny", "trainer=gpu", gres="gpu:a100:1", cpus_per_task=8)
    assert chosen.of_submitit() == {"cpus_per_task": 8, "slurm_gres": "gpu:a100:1"}
    scratch = settings("model=tiny", "trainer=gpu", gres="lscratch:20")
    assert scratch.of_submitit()["slurm_gres"] == "gpu:1,lscratch:20"


def test_an_encoder_on_a_cpu_computes_with_the_cpus_of_its_job() -> None:
    tiny = settings("model=tiny", cpus_per_task=2)
    assert tiny.with_threads(["seed=1"], tiny.points[0]) == ["seed=1", "trainer.threads=2"]
    other = settings("model=gazetteer")
    assert other.with_threads(["seed=1"], other.points[0]) == ["seed=1"]


@pytest.mark.parametrize(
    "values",
    [
        {"gres": "gpu:2"},
        {"gres": "gpu:a100:4"},
        {"gpus_per_node": 2},
        {"gpus_per_task": 2},
        {"nodes": 2},
        {"tasks_per_node": 2},
    ],
)
def test_several_gpus_for_one_fit_are_refused_with_advice(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match="give each GPU its own point"):
        Settings(values, ()).refuse_several_gpus()
    Settings({"gres": "gpu:a100:1,lscratch:400", "nodes": 1}, ()).refuse_several_gpus()
    Settings({"gres": "lscratch:20"}, ()).refuse_several_gpus()


def test_a_tracker_that_several_nodes_would_damage_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sciner.launch.jobs.on_network", lambda folder: True)
    with pytest.raises(InputError, match="SQLite does not work on a network file system"):
        prepare_tracking([TrackingConfig(kind="mlflow")], on_nodes=True)
    assert not list(tmp_path.iterdir())
    prepare_tracking([TrackingConfig(kind="none")], on_nodes=True)


@pytest.mark.slow
def test_a_job_imports_the_copy_wherever_it_starts(tmp_path: Path) -> None:
    """Also in a checkout, whose own packages would come first."""
    lines = take_snapshot(tmp_path / "it's code")
    checkout = Path(__file__).parents[4]
    say = "import sciner.config.conf as c, hydra_plugins.sciner_launcher as h; print(c.CONF, h)"
    shell = "\n".join([*lines, f'{sys.executable} -c "{say}"'])
    told = subprocess.run(
        ["bash", "-c", shell],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.count(str(tmp_path)) == 2 and f"{checkout}/" not in told
