"""How sure a tagger is of each token. Every module of this package registers the measures in it."""

from __future__ import annotations

from sciner.policy.registry import import_modules

import_modules(__name__, __path__)
