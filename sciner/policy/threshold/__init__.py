"""Which silver is accepted into training. Every module of this package registers the rules in
it."""

from __future__ import annotations

from sciner.policy.registry import import_modules

import_modules(__name__, __path__)
