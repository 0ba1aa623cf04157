"""A trial that was run again counts once."""

from __future__ import annotations

import pytest

pytest.importorskip("optuna")

import optuna

from sciner.search.study import ABANDONED, counted


def test_a_trial_whose_worker_died_does_not_count() -> None:
    """By Optuna's mark on the one that repeats it, and by the one that sciner once made."""
    study = optuna.create_study()
    for attributes in ({}, {"retry_history": [0]}, {ABANDONED: True}, {"again": 2}):
        study.add_trial(
            optuna.trial.create_trial(
                value=0.0, user_attrs=attributes, system_attrs=attributes, params={}
            )
        )
    assert [trial.number for trial in counted(study)] == [1, 3]
