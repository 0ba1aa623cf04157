"""The most confident share of the silver."""

from __future__ import annotations

from sciner.policy.settings import Share
from sciner.policy.threshold.base import Measured, Rule, threshold
from sciner.policy.threshold.values import Thresholds, constant, threshold_of_share


@threshold("quantile")
class Quantile(Rule):
    """The most confident ``share`` of sentences, spans or tokens is accepted."""

    share: Share

    def thresholds(self, silver: Measured) -> Thresholds:
        return constant(threshold_of_share(silver.units(), self.share))
