"""What cannot be answered is refused in one sentence; nothing makes the server fail."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sciner.serve.limits import Limits
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from tests.served import client_of

JSON = {"Content-Type": "application/json"}
TEXT = "BERT of the secret corpus"


def text(value: Any) -> bytes:
    return json.dumps({"text": value}).encode()


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        (b"", 422, "field required"),
        (b"{", 422, "the body is not JSON"),
        (b"[]", 422, "valid dictionary"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b"\xff", 400, "not JSON in UTF-8"),
        (text(1), 422, "text: input should be a valid string"),
        (text("\ud800"), 422, "a lone surrogate at character 0"),
        (b'{"text": "a", "min_confidence": NaN}', 422, "min_confidence: "),
        (b'{"text": "a", "min_confidence": "1"}', 422, "min_confidence: "),
        (b'{"text": "a", "min_confidence": 1.1}', 422, "less than or equal to 1"),
        (b'{"text": "a", "txet": "a"}', 422, "txet: extra inputs"),
        (text("a " * 2001), 422, "a sentence of 2,001 tokens; start a new line"),
        (text("a.\n" * 2001), 413, "2,001 sentences in one request; send at most 2,000"),
    ],
)
def test_what_is_malformed_is_refused_in_one_sentence(body: bytes, status: int, fault: str) -> None:
    answer = client_of().post("/annotate", content=body, headers=JSON)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert fault in answer.json()["detail"] and "\n" not in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_sent_as_json_is_refused(kind: str) -> None:
    """A page in a browser may send such requests to any server, without asking it."""
    headers = {"Content-Type": kind} if kind else {}
    answer = client_of().post("/annotate", content=text("a"), headers=headers)
    assert answer.status_code == 415 and "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/annotate"), ("GET", "/no"), ("PUT", "/")])
def test_an_address_that_is_not_there_is_refused(method: str, path: str) -> None:
    answer = client_of().request(method, path, json={})
    assert answer.status_code in (404, 405) and "/openapi.json" in answer.json()["detail"]


class Failing:
    """A tagger whose errors quote the text."""

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        raise ValueError(" ".join(sentences[0].tokens))


def test_neither_the_log_nor_an_error_quotes_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert client_of().post("/annotate", json={"text": TEXT}).status_code == 200
    failed = client_of(fitted=Failing()).post("/annotate", json={"text": TEXT})
    assert failed.status_code == 500 and failed.json()["detail"].startswith("ValueError in sciner")
    assert re.search(r"POST /annotate 200 \d+ ms", caplog.text)
    assert "in predict" in caplog.text  # the place of the error
    assert "secret" not in caplog.text + failed.text and "/" not in failed.text


def test_a_prediction_that_takes_too_long_is_refused() -> None:
    class Slow(Failing):
        def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
            import time

            time.sleep(0.1)
            return iter(())

    answer = client_of(Limits(seconds=0.01), fitted=Slow()).post("/annotate", json={"text": "a"})
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def test_no_other_origin_is_allowed() -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    for answer in (
        client_of().get("/health", headers=asked),
        client_of().options("/annotate", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
