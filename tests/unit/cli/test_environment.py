from __future__ import annotations

import os

import pytest

from sciner.cli.environment import ENVIRONMENT, settle


def test_what_the_user_set_in_the_environment_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_WAIT_POLICY": "ACTIVE"})
    settle()
    assert os.environ == ENVIRONMENT | {"OMP_WAIT_POLICY": "ACTIVE"}
