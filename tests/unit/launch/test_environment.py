from __future__ import annotations

import os

import pytest

from sciner.launch import environment
from sciner.launch.environment import ENVIRONMENT, IDLE, settle


@pytest.mark.parametrize(
    ("given", "idle", "expected"),
    [
        ({}, True, ENVIRONMENT | IDLE),
        ({}, False, ENVIRONMENT),
        # how threads wait is the user's
        ({"OMP_WAIT_POLICY": "ACTIVE"}, True, ENVIRONMENT | {"OMP_WAIT_POLICY": "ACTIVE"}),
        ({"GOMP_SPINCOUNT": "7"}, True, ENVIRONMENT | {"GOMP_SPINCOUNT": "7"}),
        (
            {"TOKENIZERS_PARALLELISM": "true"},
            True,
            ENVIRONMENT | IDLE | {"TOKENIZERS_PARALLELISM": "true"},
        ),
    ],
)
def test_threads_spin_on_an_idle_machine_and_what_the_user_set_holds(
    given: dict[str, str], idle: bool, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(given))
    monkeypatch.setattr(environment, "idle", lambda: idle)
    settle()
    assert os.environ == expected
