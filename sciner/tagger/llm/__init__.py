"""A language model behind an OpenAI-compatible endpoint as a tagger: it is shown demonstrations and
asked. What it can is said here, where it is read without importing what it asks with."""

from __future__ import annotations

from sciner.tagger.base import Capabilities

CAPABILITIES: Capabilities = frozenset({"random_fits"})  # of the demonstrations, and of samples
