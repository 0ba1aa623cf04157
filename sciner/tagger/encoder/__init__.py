"""A fine-tuned encoder.

Its capabilities are here, where they are read without importing what it computes with.
"""

from __future__ import annotations

from sciner.tagger.base import Capabilities

CAPABILITIES: Capabilities = frozenset(
    {
        "initial_weights",
        "example_weights",
        "fit_options",
        "soft_labels",
        "random_fits",
        "embeddings",
        "samples",
        "int8",
    }
)
