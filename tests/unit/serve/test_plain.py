"""A text comes back as sentences with spans."""

from __future__ import annotations

from fastapi.testclient import TestClient

import sciner
from sciner.run.threshold import constant_threshold
from tests.served import LABELS, client_of, served

ODD = "\U0001f600 BERT\r\n\r\nMe\u0301 does\0named  entity\r recognition. The BERT\u0301\tBERT"


def test_spans_are_where_the_text_has_them() -> None:
    """Astral characters, CRLF, NUL and combining marks count one each."""
    answer = client_of().post("/annotate", json={"text": ODD})
    assert answer.status_code == 200 and answer.json()["model"] == "gazetteer-0"
    sentences = answer.json()["sentences"]
    spans = [span for sentence in sentences for span in sentence["spans"]]
    assert [(ODD[s["start_char"] : s["end_char"]], s["label"]) for s in spans] == [
        ("BERT", "Method"),
        ("named  entity\r recognition", "Task"),
        ("BERT", "Method"),
    ]
    first = sentences[0]
    assert (first["tokens"], first["start_char"], first["end_char"]) == (
        ["\U0001f600", "BERT"],
        0,
        6,
    )
    assert first["spans"] == [
        {"start": 1, "end": 2, "label": "Method", "start_char": 2, "end_char": 6}
        | {"confidence": spans[0]["confidence"]}
    ]


def test_spans_below_the_confidence_are_left_out() -> None:
    def found(setting: float, **asked: float) -> int:
        threshold = constant_threshold(setting, LABELS, "min")
        client = TestClient(served(threshold=threshold), base_url="http://localhost")
        answer = client.post("/annotate", json={"text": "BERT", **asked})
        return len(answer.json()["sentences"][0]["spans"])

    assert [found(0), found(1), found(0, min_confidence=1), found(1, min_confidence=0)] == [
        1,
        0,
        0,
        1,
    ]


def test_no_text_has_no_sentence() -> None:
    for text in ("", " \r\n"):
        assert client_of().post("/annotate", json={"text": text}).json()["sentences"] == []


def test_the_server_says_what_it_serves() -> None:
    about = {"sciner": sciner.__version__, "model": "gazetteer-0", "labels": list(LABELS)}
    assert client_of().get("/version").json() == about
    assert client_of().get("/health").json() == {"status": "UP"}
