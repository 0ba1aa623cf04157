from __future__ import annotations

from pathlib import Path

import pytest

from sciner.launch.capacity import Machine, jobs_that_pay, this_machine, weights_size
from sciner.launch.overrides import check, parse_flags

LAPTOP = Machine(cores=8, memory=16.0, accelerator=False)


@pytest.mark.parametrize(
    ("points", "threads", "memory", "jobs"),
    [
        (100, 1, 1.2, 8),  # a job for each core
        (3, 1, 1.2, 3),  # no more than there are points
        (100, 3, 1.2, 2),  # threads divide the cores
        (100, 16, 1.2, 1),
        (100, 1, 7.0, 2),  # and memory bounds it
        (100, 1, 64.0, 1),  # one is always tried
    ],
)
def test_jobs_share_cores_and_memory(points: int, threads: int, memory: float, jobs: int) -> None:
    found, why = jobs_that_pay(points, LAPTOP, threads=threads, memory=memory, on_accelerator=True)
    assert found == jobs
    assert bool(why) == (memory > 2) and ("16.0 GiB" in why) == bool(why)


def test_one_job_at_a_time_has_a_gpu_unless_it_computes_elsewhere() -> None:
    with_gpu = Machine(cores=8, memory=16.0, accelerator=True)
    asked = {"threads": 1, "memory": 1.0}
    assert jobs_that_pay(9, with_gpu, on_accelerator=True, **asked)[0] == 1
    assert jobs_that_pay(9, with_gpu, on_accelerator=False, **asked)[0] == 8


def test_this_machine_has_a_core_and_memory() -> None:
    found = this_machine()
    assert found.cores >= 1 and 0 < found.memory < 100_000


def test_weights_are_weighed_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 1000)
    (tmp_path / "tokenizer.json").write_bytes(b"\0" * 50)
    (config,), *_ = check(parse_flags(["model=bert_base_cased", f"model.path={tmp_path}"]))
    assert weights_size(config.model) == 1000  # type: ignore[arg-type]
    (config,), *_ = check(parse_flags(["model=bert_base_cased"]))
    assert weights_size(config.model) is None  # type: ignore[arg-type]
