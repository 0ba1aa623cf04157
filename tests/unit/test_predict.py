"""The forward pass beside reading and decoding: order, threads, failures, and who stops whom."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from sciner.tagger import decode, predict
from sciner.tagger.predict import Reader
from sciner.tagger.weights import scratch
from sciner.text.corpus import Sentence, tagset

TAGS = tagset(("Task",))
READER = Reader(scratch({"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}, {})[0], 64, 8, 64)
SENTENCES = [Sentence(f"d#{i}", tuple("abcdefg"[: i % 7])) for i in range(50)]


class Forward:
    """Distributions that tell a sentence's length; records its threads, and whether it was closed there."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.fail_at, self.batches, self.threads, self.closed = fail_at, 0, set[int](), 0

    def __call__(self, batches: Iterable[dict[str, Tensor]]) -> Iterator[np.ndarray]:
        try:
            for batch in batches:
                self.batches += 1
                self.threads.add(threading.get_ident())
                if self.batches == self.fail_at:
                    raise ArithmeticError("the forward pass broke")
                words = batch["firsts"].shape
                lengths = batch["attention_mask"].sum(1) - 2
                yield np.stack([np.full((words[1], 3), 1 / (1 + int(n)), np.float32) for n in lengths])
        finally:
            self.closed += 1
            self.threads.add(threading.get_ident())


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "CHUNK", 8)


def test_each_sentence_gets_its_own_rows_in_the_given_order() -> None:
    forward = Forward()
    made = list(predict.predict(SENTENCES, TAGS, READER, forward))
    assert [p.sentence for p in made] == SENTENCES
    for p in made:
        n = len(p.sentence.tokens)
        assert p.distribution.shape == (n, 3) and np.allclose(p.distribution, 1 / (1 + n), atol=1e-3)


def test_the_forward_pass_has_one_thread_of_its_own() -> None:
    """What it sets there (precision, gradients) is undone there, once a chunk, and never seen by who asked."""
    forward = Forward()
    list(predict.predict(SENTENCES, TAGS, READER, forward))
    assert len(forward.threads) == 1 and threading.get_ident() not in forward.threads
    assert forward.closed == -(-len(SENTENCES) // 8)


def test_a_chunk_is_begun_before_the_one_in_front_of_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    begin, decoded = predict.begin, decode.predictions
    monkeypatch.setattr(predict, "begin", lambda *a: order.append("begin") or begin(*a))
    monkeypatch.setattr(decode, "predictions", lambda *a: order.append("decode") or decoded(*a))
    list(predict.predict(SENTENCES[:24], TAGS, READER, Forward()))
    assert order == ["begin", "begin", "decode", "begin", "decode", "decode"]


def test_a_failure_reaches_who_asked_and_ends_the_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ArithmeticError, match="broke"):
        list(predict.predict(SENTENCES, TAGS, READER, Forward(fail_at=2)))
    assert threading.active_count() == before


def test_who_stops_asking_stops_the_forward_pass() -> None:
    before, forward = threading.active_count(), Forward()
    made = predict.predict(SENTENCES * 20, TAGS, READER, forward)
    next(made)
    made.close()  # type: ignore[attr-defined]
    done = forward.batches
    assert threading.active_count() == before and done < 100
    assert forward.closed > 0 and torch.is_grad_enabled()


def test_the_most_probable_tags_are_taken_where_they_are_legal_and_viterbi_elsewhere() -> None:
    """The same tags as by Viterbi throughout."""
    rng = np.random.default_rng(0)
    tags = tagset(("A", "B"))
    rows = [rng.dirichlet([0.5] * len(tags), n).astype(np.float32) for n in rng.integers(0, 9, 300)]
    quick, slow = decode.best_legal(rows, tags), decode.viterbi(rows, tags)
    assert all(np.array_equal(a, b) for a, b in zip(quick, slow, strict=True))
    changed = sum(not np.array_equal(a, r.argmax(axis=1)) for a, r in zip(quick, rows, strict=True))
    assert 20 < changed < 280  # both ways were taken
