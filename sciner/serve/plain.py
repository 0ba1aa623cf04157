"""Annotation of a text, for programs of any kind."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

import sciner
from sciner.serve.service import Service
from sciner.serve.text import AnnotatedSentence, split


class Asked(BaseModel):
    """A text to annotate.

    Attributes:
        text: running text.
        min_confidence: spans below it are left out, in [0, 1]; None: the server's own setting.
    """

    model_config = ConfigDict(strict=True, extra="forbid")
    text: str
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class FoundSpan(BaseModel):
    """A span, with the keys that `sciner annotate` writes.

    Attributes:
        start, end: in tokens; the end is exclusive.
        label: its class.
        confidence: in [0, 1].
        start_char, end_char: in characters (Unicode code points) of the text.
    """

    start: int
    end: int
    label: str
    confidence: float
    start_char: int
    end_char: int


class FoundSentence(BaseModel):
    """A sentence.

    Attributes:
        start_char, end_char: from its first token to its last, in characters of the text.
        tokens: its words.
        spans: in order; they do not overlap.
    """

    start_char: int
    end_char: int
    tokens: tuple[str, ...]
    spans: list[FoundSpan]


class Answer(BaseModel):
    """An annotated text; ``model`` names the tagger."""

    model: str
    sentences: list[FoundSentence]


class Health(BaseModel):
    """Whether the server answers."""

    status: Literal["UP"] = "UP"


class Version(BaseModel):
    """What is served: the version of sciner, the tagger's name and its classes."""

    sciner: str
    model: str
    labels: tuple[str, ...]


def router(service: Service) -> APIRouter:
    """The routes /annotate, /health and /version."""
    routes = APIRouter()

    @routes.post("/annotate")
    def annotate(asked: Asked) -> Answer:
        """Split a text into sentences and find spans in them."""
        (found,) = service.annotate([split(asked.text)], asked.min_confidence)
        return Answer(model=service.name, sentences=[sentence_of(one) for one in found])

    @routes.get("/health")
    async def health() -> Health:
        """Say that the server is up."""
        return Health()

    @routes.get("/version")
    async def version() -> Version:
        """Say what is served."""
        return Version(sciner=sciner.__version__, model=service.name, labels=service.labels)

    return routes


def sentence_of(found: AnnotatedSentence) -> FoundSentence:
    """The JSON of a sentence."""
    tokens, offsets = found.split
    spans = [
        FoundSpan(
            start=span.start,
            end=span.end,
            label=mark.label,
            confidence=confidence,
            start_char=mark.start,
            end_char=mark.end,
        )
        for (span, confidence), mark in zip(found.spans, found.marks(), strict=True)
    ]
    return FoundSentence(
        start_char=offsets[0][0], end_char=offsets[-1][1], tokens=tokens, spans=spans
    )
