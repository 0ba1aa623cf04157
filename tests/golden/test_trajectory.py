"""Whole trajectories of the loop over a tagger that is pure numpy; a change of any figure is a
reviewed diff.

`SCINER_GOLDEN=write pytest tests/golden` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sciner.loop.iteration import Iteration
from sciner.loop.rounds import run_rounds
from sciner.loop.steps.runner import StepRunner
from sciner.policy.seed import Amount, split
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import Fixed
from sciner.store.store import NoStore
from tests.fakes import FakeTagger, small_corpus

HERE = Path(__file__).parent
THRESHOLDS = {
    "none": Threshold(),
    "sentence": Threshold(Fixed(0.5), "sentence", "min", "keep"),
    "span": Threshold(Fixed(0.6), "span", "mean", "match_seed_rate"),
    "token": Threshold(Fixed(0.6), "token", "min", "drop"),
}


@pytest.mark.parametrize("name", THRESHOLDS)
def test_trajectory(name: str) -> None:
    corpus = small_corpus()
    parts = split(
        corpus.train,
        (),
        seed=0,
        order="random",
        seed_size=Amount.parse("20%"),
        dev_size=Amount.parse(10),
    )
    rounds = run_rounds(
        corpus,
        parts,
        StepRunner(FakeTagger(corpus.labels), NoStore(), corpus.labels),
        THRESHOLDS[name],
        Iteration(2),
        seed=0,
    )
    found = [
        {k: round(v, 6) for k, v in sorted(r.scores.items()) if not k.startswith("time")}
        for r in rounds
    ]
    file = HERE / f"{name}.json"
    if os.environ.get("SCINER_GOLDEN") == "write":
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for got, golden in zip(found, json.loads(file.read_text(encoding="utf-8")), strict=True):
        assert got == pytest.approx(golden, abs=2e-6)
