"""The speed artefact measures what its users have."""

from __future__ import annotations

import os

import pytest

from experiments.speed.turns import System, in_turns
from sciner.cli.environment import ENVIRONMENT

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
