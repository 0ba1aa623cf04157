"""How sure a tagger is of each token: measures, by name. Every module of this package registers what it defines."""

from __future__ import annotations

from sciner.policy.measure.base import DEFAULT, MEASURES, Measure, measure
from sciner.policy.registry import import_modules

__all__ = ["DEFAULT", "MEASURES", "Measure", "measure"]

import_modules(__name__, __path__)
