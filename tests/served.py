"""A served gazetteer, which finds what it was shown."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi.testclient import TestClient

from sciner.serve.app import build
from sciner.serve.guard import Guard
from sciner.serve.limits import Limits
from sciner.serve.predictor import Predictor
from sciner.serve.service import Service
from sciner.tagger.gazetteer.gazetteer import GazetteerTagger
from sciner.text.corpus import Sentence, gold_example
from sciner.text.spans import Span

LABELS = ("Method", "Task")
SHOWN = Sentence(
    "d#0",
    ("BERT", "does", "named", "entity", "recognition"),
    (Span(0, 1, "Method"), Span(2, 5, "Task")),
)
TAGGER = GazetteerTagger("sensitive", LABELS).fit([gold_example(SHOWN)], seed=0)


def served(
    limits: Limits | None = None, fitted: Any = TAGGER, token: str | None = None, **settings: Any
) -> Guard:
    """The application."""
    service = Service(Predictor(fitted), LABELS, "gazetteer-0", limits or Limits(), **settings)
    return build(service, token)


@cache
def client_of(limits: Limits | None = None, **settings: Any) -> TestClient:
    """A client on the same machine."""
    return TestClient(served(limits, **settings), base_url="http://localhost")
