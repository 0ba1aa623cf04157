"""One threshold for each class."""

from __future__ import annotations

from dataclasses import field

from sciner.policy.settings import Share
from sciner.policy.threshold.base import Measured, Rule, threshold
from sciner.policy.threshold.values import Thresholds, by_class


@threshold("per_class")
class PerClass(Rule):
    """The thresholds of ``classes``; all other classes, and O, have ``min_confidence``."""

    min_confidence: Share = 0.0
    classes: dict[str, Share] = field(default_factory=dict)

    def thresholds(self, silver: Measured) -> Thresholds:
        return by_class(self.classes, self.min_confidence)
