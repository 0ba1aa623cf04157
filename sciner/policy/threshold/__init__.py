"""Which silver is accepted into training. Every module of this package registers the rules in it."""

from __future__ import annotations

from sciner.policy.registry import import_modules
from sciner.policy.threshold.accept import Threshold, accept
from sciner.policy.threshold.base import RULES, Empty, Granularity, Measured, Rule, threshold

__all__ = ["RULES", "Empty", "Granularity", "Measured", "Rule", "Threshold", "accept", "threshold"]

import_modules(__name__, __path__)
