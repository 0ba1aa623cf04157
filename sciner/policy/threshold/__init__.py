"""Thresholds: which silver is accepted for training.

Every module of this package registers its rules.
"""

from __future__ import annotations

from sciner.policy.registry import import_modules

import_modules(__name__, __path__)
