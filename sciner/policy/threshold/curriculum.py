"""A threshold that changes from round to round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sciner.policy.settings import Share
from sciner.policy.threshold.base import Measured, Rule, threshold
from sciner.policy.threshold.values import Thresholds, constant, threshold_of_share


@threshold("curriculum")
class Curriculum(Rule):
    """One value of ``schedule`` for each round; the last one is repeated.

    A value is the least accepted confidence, or with ``schedule_of=share`` the share that is
    accepted, most confident first.
    """

    schedule: Sequence[Share]
    schedule_of: Literal["confidence", "share"] = "confidence"

    def __post_init__(self) -> None:
        if not self.schedule:
            raise ValueError(
                "a curriculum needs a schedule: give 'threshold.schedule=[0.9,0.8,0.7]'"
            )

    def thresholds(self, silver: Measured) -> Thresholds:
        value = self.schedule[min(silver.round, len(self.schedule)) - 1]
        return constant(
            value if self.schedule_of == "confidence" else threshold_of_share(silver.units(), value)
        )
