"""A conditional random field.

Its capabilities are here, where they are read without importing what it computes with.
"""

from __future__ import annotations

from sciner.tagger.base import Capabilities

CAPABILITIES: Capabilities = frozenset()
