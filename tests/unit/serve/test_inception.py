"""INCEpTION gets its CAS back with predictions, at the positions that Java counts."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.served import client_of

cassis = pytest.importorskip("cassis", reason="needs dkpro-cassis")
from sciner.text.formats.exchange.cas import ENTITY, SENTENCE, TOKEN  # noqa: E402

PREDICTED = "inception_internal_predicted"
TEXT = "\U0001f600 BERT\r\ndoes Me\u0301 named entity recognition."


@cache
def types() -> Any:
    """The types that INCEpTION sends for a project with named entities."""
    made = cassis.TypeSystem()
    for name in (SENTENCE, TOKEN, ENTITY):
        made.create_type(name=name)
    entity = made.get_type(ENTITY)
    for feature, kind in (("value", "String"), ("value_score", "Double"), (PREDICTED, "Boolean")):
        made.create_feature(entity, feature, f"uima.cas.{kind}")
    return made


def document(
    text: str = TEXT,
    sentences: tuple[tuple[int, int], ...] = (),
    tokens: tuple[tuple[int, int], ...] = (),
    entities: tuple[tuple[int, int, str, bool], ...] = (),
) -> str:
    """A CAS as XMI."""
    cas = cassis.Cas(typesystem=types())
    cas.sofa_string, cas.sofa_mime = text, "text/plain"
    for name, found in ((SENTENCE, sentences), (TOKEN, tokens)):
        for begin, end in found:
            cas.add(types().get_type(name)(begin=begin, end=end))
    for begin, end, value, predicted in entities:
        made = types().get_type(ENTITY)(begin=begin, end=end, value=value, **{PREDICTED: predicted})
        cas.add(made)
    return str(cas.to_xmi())


def predict(xmi: str, described: str | None = None, **metadata: Any) -> Any:
    """What INCEpTION sends, and the answer to it."""
    about = {"layer": ENTITY, "feature": "value", "projectId": 1, "anchoringMode": "tokens"}
    about |= {"crossSentence": False, "range": {"begin": 0, "end": 4}} | metadata
    asked = {"metadata": about, "document": {"xmi": xmi, "documentId": 1, "userId": "u"}}
    asked["typeSystem"] = described or types().to_xml()
    return client_of().post("/inception/predict", json=asked)


def entities(answer: Any) -> list[tuple[str, str, bool]]:
    """(text, class, whether it is predicted), read without cassis: positions count UTF-16 units."""
    assert answer.status_code == 200, answer.text
    root = ElementTree.fromstring(answer.json()["document"])
    (sofa,) = (e for e in root if e.tag.endswith("}Sofa"))
    text = sofa.attrib["sofaString"].encode("utf-16-le")
    found = sorted(
        (int(e.attrib["begin"]), int(e.attrib["end"]), e.attrib)
        for e in root
        if e.tag.endswith("}NamedEntity")
    )
    return [
        (text[2 * a : 2 * b].decode("utf-16-le"), held["value"], held.get(PREDICTED) == "true")
        for a, b, held in found
    ]


def test_spans_are_predicted_where_java_counts_them() -> None:
    answer = predict(document())
    expected = [("BERT", "Method", True), ("named entity recognition", "Task", True)]
    assert entities(answer) == expected
    scores = re.findall(r'value_score="([\d.]+)"', answer.json()["document"])
    assert len(scores) == 2 and all(0 < float(score) <= 1 for score in scores)


def test_what_was_annotated_stays_and_what_was_predicted_goes() -> None:
    before = ((0, 1, "Emoji", False), (8, 12, "Old", True))
    found = entities(predict(document(entities=before)))
    assert found[0] == ("\U0001f600", "Emoji", False)
    assert [value for _, value, _ in found] == ["Emoji", "Method", "Task"]


def test_tokens_and_sentences_of_the_cas_are_kept() -> None:
    text = "BERT. named entity\nrecognition"
    tokens = ((0, 5), (6, 11), (12, 18), (19, 30))
    one = document(text, sentences=((0, 30),), tokens=tokens)
    assert entities(predict(one)) == [("named entity\nrecognition", "Task", True)]
    assert entities(predict(document(text))) == [("BERT", "Method", True)]


def test_another_layer_and_a_feature_without_a_score_can_be_predicted() -> None:
    other = cassis.TypeSystem()
    layer = other.create_type(name="webanno.custom.Term")
    other.create_feature(layer, "kind", "uima.cas.String")
    other.create_feature(layer, PREDICTED, "uima.cas.Boolean")
    cas = cassis.Cas(typesystem=other)
    cas.sofa_string = "BERT"
    answer = predict(cas.to_xmi(), other.to_xml(), layer=layer.name, feature="kind")
    assert 'kind="Method"' in answer.json()["document"]


XMI, TOKENS = document(), document(tokens=((2, 6),))
FILE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("xmi", "metadata", "fault"),
    [
        ("", {}, "not a usable CAS"),
        (XMI[: len(XMI) // 2], {}, "not a usable CAS"),
        (TOKENS.replace('begin="', 'begin="x'), {}, "not a usable CAS"),
        (FILE + XMI, {}, "declares a document type"),
        ('<?xml version="1.0" encoding="utf-7"?>', {}, "declares a document type or an encoding"),
        (XMI, {"layer": "no.Layer"}, "no layer 'no.Layer'"),
        (XMI, {"layer": SENTENCE}, f"no feature {PREDICTED}, value"),
        (XMI, {"feature": "other"}, "no feature other"),
        (XMI, {"feature": "begin"}, "'begin' does not hold strings"),
        (XMI, {"layer": 1}, "metadata.layer: input should be a valid string"),
        (document(tokens=((0, 4),)), {}, "token 0 4 is not in this text"),
        (document(sentences=((0, 4), (2, 6))), {}, "sentence 2 6 is not in this text"),
    ],
)
def test_a_cas_that_cannot_be_read_is_refused(xmi: str, metadata: Any, fault: str) -> None:
    answer = predict(xmi, **metadata)
    assert answer.status_code == 422 and fault in answer.json()["detail"]
    assert "/etc" not in answer.text


def test_types_that_cannot_be_read_are_refused() -> None:
    for described in ("<a", FILE + "<a/>", "<typeSystemDescription/>"):
        assert predict(XMI, described).status_code == 422


def test_training_is_accepted_and_does_nothing() -> None:
    answer = client_of().post("/inception/train", json={"documents": []})
    assert (answer.status_code, answer.content) == (204, b"")
