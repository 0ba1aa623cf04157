"""The parts of a corpus that a run uses, as dataset inputs of a tracker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dataset:
    """One part of the corpus of a run.

    Attributes:
        name: of the corpus.
        context: what the part is used for: ``seed set``, ``pool``, ``dev``, ...
        digest: of its ids, tokens and gold, at most 36 characters.
        source_type, source: where the text comes from, as in MLflow's dataset sources.
        sentences, tokens, entities: their numbers.
    """

    name: str
    context: str
    digest: str
    source_type: str
    source: Mapping[str, Any]
    sentences: int
    tokens: int
    entities: int

    def profile(self) -> str:
        """Its sizes as JSON; the UI shows rows and elements under these names."""
        sizes = {"num_rows": self.sentences, "num_elements": self.tokens, "entities": self.entities}
        return json.dumps(sizes)
