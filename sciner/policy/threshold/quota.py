"""A number of spans, in the gold's mix of classes."""

from __future__ import annotations

from sciner.policy.settings import Positive, Share
from sciner.policy.threshold.base import Measured, Rule, threshold
from sciner.policy.threshold.values import Thresholds, by_class, thresholds_of_quota


@threshold("quota", granularities=("span", "token"))
class Quota(Rule):
    """About ``quota`` spans are accepted, the most confident, in the gold's mix of classes.

    ``min_confidence`` is the threshold of O, which a quota does not count.
    """

    quota: Positive
    min_confidence: Share = 0.0

    def thresholds(self, silver: Measured) -> Thresholds:
        return by_class(
            thresholds_of_quota(silver.spans(), self.quota, silver.gold_shares), self.min_confidence
        )
