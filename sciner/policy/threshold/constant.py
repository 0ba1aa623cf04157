"""One threshold for everything: accept all, none, or from a fixed confidence."""

from __future__ import annotations

from sciner.policy.settings import Share
from sciner.policy.threshold.base import Measured, Rule, threshold
from sciner.policy.threshold.values import UNREACHABLE, Thresholds, constant


@threshold("accept_all")
class AcceptAll(Rule):
    """All silver is accepted (arXiv 2502.16312)."""

    def thresholds(self, silver: Measured) -> Thresholds:
        return constant(0.0)


@threshold("accept_none", needs_silver=False)
class AcceptNone(Rule):
    """No silver is accepted: the supervised control."""

    def thresholds(self, silver: Measured) -> Thresholds:
        return constant(UNREACHABLE)


@threshold("fixed")
class Fixed(Rule):
    """Silver with a confidence of at least ``min_confidence`` is accepted."""

    min_confidence: Share

    def thresholds(self, silver: Measured) -> Thresholds:
        return constant(self.min_confidence)
