"""The store's keys. A change of any makes every store forget: it must be meant, and is then a reviewed diff of keys.json.

`SCINER_GOLDEN=write pytest tests/golden` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import get_args

from sciner.loop.rounds import Iteration
from sciner.policy.acquire import Acquire, Kind
from sciner.policy.seed import Amount
from sciner.policy.threshold import Threshold
from tests.fakes import small_corpus
from tests.specs.test_loop import parts_of, turn

FILE = Path(__file__).parent / "keys.json"
CORPUS = small_corpus(4, 2)
THRESHOLDS = {
    "none": Threshold(),
    "fixed": Threshold("fixed", "span", "min", 0.6, "match_seed_rate"),
    "fixed_sentence": Threshold("fixed", "sentence", "mean", 0.5),
    "quantile": Threshold("quantile", "token", share=0.5, empty="drop"),
    "per_class": Threshold("per_class", min_confidence=0.5, classes={"TaskName": 0.6}),
    "quota": Threshold("per_class", quota=20),
    "curriculum": Threshold("curriculum", "token", schedule=(0.9, 0.7)),
    "curriculum_share": Threshold("curriculum", schedule=(0.3, 0.6), schedule_of="share"),
}


def keys(threshold: Threshold = THRESHOLDS["fixed"], acquire: Acquire = Acquire()) -> dict[str, str]:  # noqa: B008
    _, rounds = turn(CORPUS, threshold, Iteration(1), parts_of(CORPUS, dev_size="5"), acquire=acquire)
    return {step.step: step.key[:24] for done in rounds for step in done.steps}


def test_keys() -> None:
    found = {"steps": keys()}
    found["select"] = {name: keys(threshold)["select"] for name, threshold in THRESHOLDS.items()}
    found["rank"] = {k: keys(acquire=Acquire(k, Amount(10)))["rank"] for k in get_args(Kind) if k != "none"}
    if os.environ.get("SCINER_GOLDEN") == "write":
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(FILE.read_text(encoding="utf-8"))
