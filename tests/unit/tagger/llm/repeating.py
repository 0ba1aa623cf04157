"""A language model for the battery of all taggers: it marks what its demonstrations mark, and with
some seeds overlooks the first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sciner.hashing import digest
from sciner.store.store import NoStore
from sciner.tagger.llm.ask import Asker, Recipe
from sciner.tagger.llm.prompt import Prompt, read_template
from sciner.tagger.llm.tagger import LlmTagger
from tests.endpoint import MODEL, FakeEndpoint, Says, repeat_demonstrations
from tests.unit.tagger.encoder.test_encoder import LABELS


def careless(request: dict[str, Any]) -> Says:
    """What the demonstrations mark; one in eight answers lacks its first entity."""
    found = json.loads(repeat_demonstrations(request).content or "")["entities"]
    overlooks = int(digest(request)[:8], 16) % 8 == 0
    return Says(json.dumps({"entities": found[overlooks:]}, ensure_ascii=False))


def repeating(labels: Sequence[str] = LABELS) -> LlmTagger:
    """A language model with three samples that is shown all examples."""
    recipe = Recipe(MODEL, temperature=0.7, samples=3, demonstrations=100)
    asker = Asker(FakeEndpoint(careless), NoStore())  # type: ignore[arg-type]
    return LlmTagger(recipe, Prompt(read_template(None), "", tuple(labels)), asker)
