"""The speed artefact measures what its users have."""

from __future__ import annotations

import json
import os
import sys

import pytest
import torch

from experiments.speed import gpu
from experiments.speed.table import render
from experiments.speed.turns import System, in_turns
from sciner.launch.environment import ENVIRONMENT

MACHINE = {"processor": "one", "cores": 2, "python": "3", "torch": "2"}
pytestmark = pytest.mark.slow


def settled(*expected: str | None) -> float:
    """1 where the environment of this process is the expected one."""
    return float(tuple(os.environ.get(name) for name in ENVIRONMENT) == expected)


def test_sciner_is_measured_in_its_own_environment_and_a_peer_in_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    systems = {
        "sciner": System(settled, tuple(ENVIRONMENT.values())),
        "peer": System(settled, (None,) * len(ENVIRONMENT), settled=False),
    }
    found = in_turns(systems, turns=2)
    assert found["tokens_per_second"] == {"sciner": [1, 1], "peer": [1, 1]}
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu"])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "sees no GPU" in said.err and said.err.count("\n") == 1 and not said.out


def test_the_command_for_a_gpu_works_on_a_cpu() -> None:
    """All of its parts, on a few sentences; its figures can be written and shown."""
    found = gpu.measured(gpu.SMALL)
    assert len(found["models"]) == 2
    for parts in found["models"].values():
        for part in ("fit", "annotate"):
            speeds = parts[part]["tokens_per_second"]
            assert len(speeds) >= 2 and all(value > 0 for (value,) in speeds.values())
    assert found["f1"]["device"] == found["f1"]["cpu"] == found["f1"]["device, read on the cpu"]
    assert "### minilm: fit" in render(
        {"gpu": {"machine": MACHINE, **json.loads(json.dumps(found))}}
    )
