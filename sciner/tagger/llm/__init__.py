"""A language model behind an OpenAI-compatible endpoint, as a tagger.

It is shown demonstrations and asked; nothing is trained. Its capabilities are declared here, where
they can be read without importing the client.
"""

from __future__ import annotations

from sciner.tagger.base import Capabilities

CAPABILITIES: Capabilities = frozenset({"random_fits"})  # demonstrations and samples are random
