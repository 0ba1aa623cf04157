"""Requests are answered one after the other, and none is waited for in vain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest

from sciner.serve.predictor import Predictor, Unavailable
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction


class Held:
    """A tagger that predicts when it is let, and remembers what it was asked."""

    def __init__(self) -> None:
        self.go, self.asked = Event(), []  # type: ignore[var-annotated]

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        self.asked.append([s.id for s in sentences])
        self.go.wait(5)
        for s in sentences:
            if s.tokens == ("bad",):
                raise ValueError("bad")
            yield Prediction(s, (), np.zeros((1, 1), np.float16), np.ones(1, np.float32))


def sentences(*words: str) -> list[Sentence]:
    return [Sentence(word, (word,)) for word in words]


@pytest.fixture
def held() -> Iterator[Held]:
    tagger = Held()
    yield tagger
    tagger.go.set()


def until(true: Any) -> None:
    while not true():
        time.sleep(0.001)


def test_each_request_gets_its_own_predictions(held: Held) -> None:
    held.go.set()
    predictor = Predictor(held)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        asked = [sentences(f"a{n}", f"b{n}") for n in range(20)]
        made = pool.map(lambda s: predictor.predict(s, 5), asked)
        assert [[p.sentence for p in one] for one in made] == asked


def test_a_request_that_waited_too_long_is_not_predicted(held: Held) -> None:
    predictor = Predictor(held)  # type: ignore[arg-type]
    with ThreadPoolExecutor() as pool:
        first = pool.submit(predictor.predict, sentences("a"), 5)
        until(lambda: held.asked)
        with pytest.raises(Unavailable, match=r"within 0\.01 seconds"):
            predictor.predict(sentences("b"), 0.01)
        held.go.set()
        assert first.result() and predictor.predict(sentences("c"), 5)
    assert held.asked == [["a"], ["c"]]


def test_requests_that_wait_are_predicted_together(held: Held) -> None:
    """And if one of them makes the tagger fail, it fails alone."""
    predictor = Predictor(held)  # type: ignore[arg-type]
    with ThreadPoolExecutor() as pool:
        first = pool.submit(predictor.predict, sentences("a"), 5)
        until(lambda: held.asked)
        waiting = [pool.submit(predictor.predict, sentences(*w), 5) for w in ("bc", ["bad"], "d")]
        until(lambda: predictor._waiting.qsize() == 3)
        held.go.set()
        assert first.result() and [len(waiting[n].result()) for n in (0, 2)] == [2, 1]
        with pytest.raises(ValueError, match="bad"):
            waiting[1].result()
    assert len(held.asked[1]) == 4 and held.asked[0] == ["a"]
    assert sorted(map(len, held.asked[2:])) == [1, 1, 2]  # each by itself
    assert predictor.predict(sentences("e"), 5)


def test_a_large_request_takes_turns_with_the_others(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And ends with the piece at which nobody waits for it any more."""
    monkeypatch.setattr("sciner.serve.predictor.TOGETHER", 2)
    predictor = Predictor(held)  # type: ignore[arg-type]
    with ThreadPoolExecutor() as pool:
        large = pool.submit(predictor.predict, sentences(*"abcde"), 5)
        until(lambda: held.asked)
        small = pool.submit(predictor.predict, sentences("x"), 5)
        until(lambda: predictor._waiting.qsize() == 1)
        held.go.set()
        assert [p.sentence for p in large.result()] == sentences(*"abcde") and small.result()
        assert held.asked == [["a", "b"], ["x", "c", "d"], ["e"]]
        held.go.clear()
        with pytest.raises(Unavailable):
            predictor.predict(sentences(*"fghij"), 0.05)
        held.go.set()
        predictor.predict(sentences("y"), 5)
        assert held.asked[3:] == [["f", "g"], ["y"]]


def test_when_the_server_stops_nobody_waits(held: Held) -> None:
    predictor = Predictor(held)  # type: ignore[arg-type]
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(predictor.predict, sentences(word), 5) for word in "abc"]
        until(lambda: held.asked)
        predictor.close()
        for each in waiting:
            with pytest.raises(Unavailable, match="stopping"):
                each.result(1)
        with pytest.raises(Unavailable, match="stopping"):
            predictor.predict(sentences("d"), 5)
