"""The forward pass beside reading and decoding: order, threads, failures, and who stops whom."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from torch import Tensor

from sciner.tagger import decode
from sciner.tagger.encoder import predict
from sciner.tagger.encoder.predict import Reader
from sciner.tagger.encoder.weights import scratch
from sciner.tagger.encoder.windows import merge
from sciner.text.corpus import Sentence, tagset

TAGS = tagset(("Task",))
READER = Reader(
    scratch({"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}, {})[0], 64, 8, 64
)
SENTENCES = [Sentence(f"d#{i}", tuple("abcdefg"[: i % 7])) for i in range(50)]


class Forward:
    """Distributions that tell a sentence's length; records the thread of each batch. Waits until as
    many threads as ``meet`` are there."""

    def __init__(self, fail_at: int | None = None, meet: int = 1) -> None:
        self.fail_at, self.ran, self.met = fail_at, list[int](), threading.Barrier(meet)

    def __call__(self, batch: dict[str, Tensor]) -> np.ndarray:
        self.ran.append(threading.get_ident())  # in one piece, whatever the other threads do
        if len(self.ran) == self.fail_at:
            raise ArithmeticError("the forward pass broke")
        if not self.met.broken:
            self.met.wait(timeout=5)
        words = batch["firsts"].shape
        lengths = batch["attention_mask"].sum(1) - 2
        return np.stack([np.full((words[1], 3), 1 / (1 + int(n)), np.float32) for n in lengths])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "CHUNK", 8)


def test_each_sentence_gets_its_own_rows_in_the_given_order() -> None:
    forward = Forward()
    made = list(predict.predict(SENTENCES, TAGS, READER, forward))
    assert [p.sentence for p in made] == SENTENCES
    for p in made:
        n = len(p.sentence.tokens)
        assert p.distribution.shape == (n, 3) and np.allclose(
            p.distribution, 1 / (1 + n), atol=1e-3
        )


def test_a_sentence_whose_windows_are_in_several_batches_is_put_together_from_all_of_them() -> None:
    sentences = [Sentence(f"d#{i}", tuple("abcdefg" * n)) for i, n in enumerate((20, 1, 0, 40, 9))]
    found = READER.windows(sentences)
    assert len({len(w.ids) for w in found if w.sentence == 0}) > 1  # so not of one batch
    expected = merge(
        len(sentences),
        found,
        [np.full((len(w.firsts), 3), 1 / (len(w.ids) - 1), np.float32) for w in found],
    )
    made = list(predict.predict(sentences, TAGS, READER, Forward(), 2))
    assert [p.sentence for p in made] == sentences
    assert all(
        np.array_equal(p.distribution, rows.astype(np.float16))
        for p, rows in zip(made, expected, strict=True)
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_as_many_batches_as_asked_for_are_predicted_side_by_side_in_threads_of_their_own(
    threads: int,
) -> None:
    forward = Forward(meet=threads)  # were there fewer, it would wait in vain
    made = list(predict.predict(SENTENCES[:16], TAGS, READER, forward, threads))
    assert len(set(forward.ran)) == threads and threading.get_ident() not in forward.ran
    assert [p.sentence for p in made] == SENTENCES[:16] and len(forward.ran) % threads == 0


def test_a_chunk_is_begun_before_the_one_in_front_of_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    begin, decoded = predict.begin, decode.predictions
    monkeypatch.setattr(predict, "begin", lambda *a: order.append("begin") or begin(*a))
    monkeypatch.setattr(decode, "predictions", lambda *a: order.append("decode") or decoded(*a))
    list(predict.predict(SENTENCES[:24], TAGS, READER, Forward()))
    assert order == ["begin", "begin", "decode", "begin", "decode", "decode"]


def test_a_failure_reaches_who_asked_and_ends_the_threads() -> None:
    before = threading.active_count()
    with pytest.raises(ArithmeticError, match="broke"):
        list(predict.predict(SENTENCES, TAGS, READER, Forward(fail_at=2)))
    assert threading.active_count() == before


def test_who_stops_asking_stops_the_forward_pass() -> None:
    before, forward = threading.active_count(), Forward()
    made = predict.predict(SENTENCES * 20, TAGS, READER, forward)
    next(made)
    made.close()  # type: ignore[attr-defined]
    done = len(forward.ran)
    assert threading.active_count() == before and done < 100


def test_the_most_probable_tags_are_taken_where_they_are_legal_and_viterbi_elsewhere() -> None:
    """The same tags as by Viterbi throughout."""
    rng = np.random.default_rng(0)
    tags = tagset(("A", "B"))
    rows = [rng.dirichlet([0.5] * len(tags), n).astype(np.float32) for n in rng.integers(0, 9, 300)]
    quick, slow = decode.best_legal(rows, tags), decode.viterbi(rows, tags)
    assert all(np.array_equal(a, b) for a, b in zip(quick, slow, strict=True))
    changed = sum(not np.array_equal(a, r.argmax(axis=1)) for a, r in zip(quick, rows, strict=True))
    assert 20 < changed < 280  # both ways were taken
