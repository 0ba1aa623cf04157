"""Which sentences of the pool the annotator labels next. Every module of this package registers the strategies in it."""

from __future__ import annotations

from sciner.policy.acquisition.base import STRATEGIES, Evidence, Need, Strategy, acquisition
from sciner.policy.acquisition.batch import Acquire, BudgetUnit, Unit, price, take
from sciner.policy.acquisition.rank import rank
from sciner.policy.registry import import_modules

__all__ = [
    "STRATEGIES", "Acquire", "BudgetUnit", "Evidence", "Need", "Strategy", "Unit", "acquisition", "price", "rank", "take",
]  # fmt: skip

import_modules(__name__, __path__)
