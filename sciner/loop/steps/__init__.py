"""The steps of a round, one per file; a store may know their results.

Small results are keyed by value: two thresholds that accept the same silver share all that follows,
and a run of two rounds is the beginning of a run of four.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sciner.loop.steps.average import Average
from sciner.loop.steps.drift import Drift
from sciner.loop.steps.evaluate import Evaluate
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.predict import Predict
from sciner.loop.steps.rank import Rank
from sciner.loop.steps.select import Select
from sciner.loop.steps.unseen_entities import UnseenEntities
from sciner.loop.steps.weights import Weights
from sciner.store.step import Step
from sciner.tagger.llm.ask import Ask

ALL = (Fit, Weights, Predict, Average, Rank, Drift, Select, Evaluate, UnseenEntities, Ask)
STEPS: Mapping[str, type[Step[Any]]] = {step.NAME: step for step in ALL}


def versions() -> dict[str, int]:
    """The version of every step, by name."""
    return {name: step.VERSION for name, step in STEPS.items()}
