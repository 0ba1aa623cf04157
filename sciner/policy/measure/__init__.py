"""Measures of confidence.

Every module of this package registers its measures.
"""

from __future__ import annotations

from sciner.policy.registry import import_modules

import_modules(__name__, __path__)
