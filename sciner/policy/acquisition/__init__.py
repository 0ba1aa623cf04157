"""Acquisition: which sentences of the pool the annotator labels next.

Every module of this package registers its strategies.
"""

from __future__ import annotations

from sciner.policy.registry import import_modules

import_modules(__name__, __path__)
