"""The protocol of INCEpTION's external recommenders: a CAS in XMI comes, and goes with spans."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict

from sciner.errors import InputError
from sciner.serve.service import Service
from sciner.serve.text import AnnotatedSentence, Split, split
from sciner.text.formats.exchange.cas import SENTENCE, TOKEN, check_sentences, places
from sciner.text.formats.places import check_tokens

PREDICTED = "inception_internal_predicted"  # marks the annotations that INCEpTION reads
STRING = "uima.cas.String"
SCORE = "_score"  # suffix of the feature
DECLARED = re.compile(r"""\s*<\?xml[^>]*encoding\s*=\s*["']([^"']*)""")
MISSING = "the CAS of INCEpTION needs a package: pip install 'sciner[inception]'"


class Metadata(BaseModel):
    """The layer and feature to predict; other keys are ignored.

    So is the range that the annotator sees: INCEpTION takes the answer for that of the whole text.
    """

    model_config = ConfigDict(strict=True)
    layer: str
    feature: str


class Document(BaseModel):
    """The CAS of a document; other keys are ignored."""

    model_config = ConfigDict(strict=True)
    xmi: str


class PredictRequest(BaseModel):
    """A document, and the types of its CAS as XML."""

    model_config = ConfigDict(strict=True)
    metadata: Metadata
    document: Document
    typeSystem: str


class PredictResponse(BaseModel):
    """The CAS with predictions, as XMI."""

    document: str


def router(service: Service) -> APIRouter:
    """The routes /predict and /train."""
    routes = APIRouter()
    warnings.filterwarnings("ignore", module="cassis")  # of types that it does not know

    @routes.post("/predict", responses={501: {"description": "dkpro-cassis is not installed."}})
    def predict(asked: PredictRequest) -> PredictResponse:
        """Predict the spans of a document."""
        if find_spec("cassis") is None:
            raise HTTPException(501, MISSING)
        layer, feature = asked.metadata.layer, asked.metadata.feature
        with usable():
            cas = read(asked.document.xmi, asked.typeSystem)
            check_layer(cas, layer, feature)
            sentences = sentences_of(cas)
        (found,) = service.annotate([sentences])
        with usable():
            add(cas, layer, feature, found)
            return PredictResponse(document=cas.to_xmi())

    @routes.post("/train", status_code=204, response_class=Response)
    def train() -> None:
        """Accept documents, and ignore them: nothing is trained here."""

    return routes


@contextmanager
def usable() -> Iterator[None]:
    """Make an InputError of what lxml and cassis raise, which has no common base class."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        problem = f"not a usable CAS ({type(error).__name__})"  # its message may quote the text
        raise InputError(problem, hint="are these XMI and its type system?") from None


def read(xmi: str, types: str) -> Any:
    """Read a CAS.

    Raises:
        InputError: it declares a document type, or another encoding than UTF-8.
    """
    import cassis

    for name, xml in (("the CAS", xmi), ("the type system", types)):
        encoding = DECLARED.match(xml)
        if "<!DOCTYPE" in xml or (encoding and encoding[1].lower() != "utf-8"):
            raise InputError(
                f"{name} declares a document type or an encoding", hint="write plain XML in UTF-8"
            )
    return cassis.load_cas_from_xmi(xmi, cassis.load_typesystem(types))


def check_layer(cas: Any, layer: str, feature: str) -> None:
    """Raise InputError unless the layer has the features of a recommender of strings."""
    if not cas.typesystem.contains_type(layer):
        raise InputError(f"the type system has no layer {layer!r}")
    known = {f.name: f.rangeType.name for f in cas.typesystem.get_type(layer).all_features}
    if missing := {"begin", "end", feature, PREDICTED} - {*known}:
        raise InputError(f"layer {layer!r} has no feature {', '.join(sorted(missing))}")
    if known[feature] != STRING:
        raise InputError(
            f"feature {feature!r} does not hold strings, but classes are strings",
            hint="choose another",
        )


def sentences_of(cas: Any) -> list[Split]:
    """The sentences of a CAS, with its own tokens if it has any."""
    text = cas.sofa_string or ""
    tokens = check_tokens(text, places(cas, TOKEN))
    sentences = check_sentences(text, places(cas, SENTENCE))
    return split(text, tokens or None, sentences or None)


def add(cas: Any, layer: str, feature: str, found: list[AnnotatedSentence]) -> None:
    """Put spans into a layer, in place of those that were predicted before."""
    for old in list(cas.select(layer)):
        if old.get(PREDICTED):
            cas.remove(old)
    kind = cas.typesystem.get_type(layer)
    scored = kind.get_feature(feature + SCORE) is not None
    for mark in (mark for sentence in found for mark in sentence.marks()):
        score = {feature + SCORE: mark.confidence} if scored else {}
        cas.add(
            kind(begin=mark.start, end=mark.end, **{feature: mark.label, PREDICTED: True}, **score)
        )
