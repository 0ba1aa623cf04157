"""The store's keys. A change of any makes every store forget: it must be meant, and is then a
reviewed diff of keys.json.

`SCINER_GOLDEN=write pytest tests/golden` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from sciner.loop.iteration import Iteration
from sciner.policy.acquisition.base import STRATEGIES
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.seed import Amount
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import Fixed
from sciner.policy.threshold.curriculum import Curriculum
from sciner.policy.threshold.per_class import PerClass
from sciner.policy.threshold.quantile import Quantile
from sciner.policy.threshold.quota import Quota
from tests.fakes import small_corpus
from tests.specs.test_loop import parts_of, turn

FILE = Path(__file__).parent / "keys.json"
CORPUS = small_corpus(4, 2)
THRESHOLDS = {
    "none": Threshold(),
    "fixed": Threshold(Fixed(0.6), empty="match_seed_rate"),
    "fixed_sentence": Threshold(Fixed(0.5), "sentence", "mean"),
    "quantile": Threshold(Quantile(0.5), "token", empty="drop"),
    "per_class": Threshold(PerClass(0.5, {"TaskName": 0.6})),
    "quota": Threshold(Quota(20)),
    "curriculum": Threshold(Curriculum((0.9, 0.7)), "token"),
    "curriculum_share": Threshold(Curriculum((0.3, 0.6), "share")),
}


def keys(
    threshold: Threshold = THRESHOLDS["fixed"],
    acquire: Acquire = Acquire(),  # noqa: B008
) -> dict[str, str]:
    _, rounds = turn(
        CORPUS, threshold, Iteration(1), parts_of(CORPUS, dev_size="5"), acquire=acquire
    )
    return {step.step: step.key[:24] for done in rounds for step in done.steps}


def test_keys() -> None:
    found = {"steps": keys()}
    found["select"] = {name: keys(threshold)["select"] for name, threshold in THRESHOLDS.items()}
    found["rank"] = {
        k: keys(acquire=Acquire(s(), Amount(10)))["rank"] for k, s in STRATEGIES.items() if s.buys
    }
    if os.environ.get("SCINER_GOLDEN") == "write":
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(FILE.read_text(encoding="utf-8"))
