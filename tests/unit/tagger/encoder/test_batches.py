from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.tagger.encoder.batches import (
    LENGTHS,
    PREDICTION_LENGTHS,
    STEP_COST,
    Targets,
    batch_sizes,
    collate,
    cost,
    padded,
    prediction_batches,
    repeats,
    training_batches,
)
from sciner.tagger.encoder.windows import Window

PAD = 9


def window(pieces: int, sentence: int = 0) -> Window:
    """A window of ``pieces`` pieces, the first and last special, one word a piece."""
    words = pieces - 2
    return Window(
        sentence, 0, list(range(100, 100 + pieces)), list(range(1, words + 1)), (0, words)
    )


def windows_of(lengths: list[int]) -> list[Window]:
    return [window(n, i) for i, n in enumerate(lengths)]


def pieces_of(found: list[Window]) -> list[int]:
    return [len(w.ids) for w in found]


def epoch(batches: Iterator[list[int]], size: int) -> list[list[int]]:
    """Batches until ``size`` windows have been seen."""
    taken: list[list[int]] = []
    while sum(map(len, taken)) < size:
        taken.append(next(batches))
    return taken


corpora = st.lists(st.integers(2, 512), min_size=1, max_size=60).map(windows_of)
sizes = st.integers(1, 20)
seeds = st.integers(0, 2**32)
# about as sentences are long
REAL = windows_of([int(n) for n in np.random.default_rng(3).gamma(3, 12, 400).clip(3, 256)])


@given(st.integers(1, 512))
def test_the_padded_length_is_the_least_that_holds(length: int) -> None:
    assert padded(length) == min(n for n in LENGTHS if n >= length)


def test_longer_windows_than_any_length_stay_as_they_are() -> None:
    assert padded(513) == 513


@settings(deadline=None)
@given(corpora, sizes, seeds)
def test_every_window_once_an_epoch(found: list[Window], size: int, seed: int) -> None:
    batches = training_batches(pieces_of(found), size, seed)
    for _ in range(3):
        assert sorted(i for batch in epoch(batches, len(found)) for i in batch) == list(
            range(len(found))
        )


@settings(deadline=None)
@given(corpora, sizes, seeds)
def test_no_step_exceeds_its_bound(found: list[Window], size: int, seed: int) -> None:
    """Padding counted; unless it is a single window."""
    for batch in epoch(training_batches(pieces_of(found), size, seed), 2 * len(found)):
        longest = padded(max(len(found[i].ids) for i in batch))
        assert len(batch) == 1 or len(batch) * cost(longest) <= STEP_COST


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=40).map(sorted),
    st.integers(0, STEP_COST - 1),
)
def test_a_larger_budget_never_makes_more_batches(lengths: list[int], budget: int) -> None:
    assert len(batch_sizes(lengths, budget + 1)) <= len(batch_sizes(lengths, budget))
    assert sum(batch_sizes(lengths, budget)) == len(lengths)


def test_the_order_derives_from_the_seed_alone() -> None:
    """Seed 0 is a seed like any other, and nobody's global generator is read or moved."""
    taken = {
        seed: list(islice(training_batches(pieces_of(REAL), 8, seed), 150)) for seed in (0, 1, 2)
    }
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    for seed, batches in taken.items():
        assert list(islice(training_batches(pieces_of(REAL), 8, seed), 150)) == batches
    assert states == (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    )
    assert taken[0] != taken[1] != taken[2] != taken[0]


def test_epochs_differ_and_are_not_sorted() -> None:
    """Lengths come in random order, or a fit would end on its longest sentences; batches are made
    anew each epoch."""
    batches = training_batches(pieces_of(REAL), 8, 0)
    first, second = epoch(batches, len(REAL)), epoch(batches, len(REAL))
    longest = [padded(max(len(REAL[i].ids) for i in batch)) for batch in first]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))
    assert {frozenset(b) for b in first} != {frozenset(b) for b in second}


@pytest.mark.parametrize(
    ("number", "size"), [(20, 4), (60, 4), (400, 4), (60, 16), (400, 16), (400, 32)]
)
def test_the_mean_batch_is_about_batch_size(number: int, size: int) -> None:
    """Whatever the size of the training set: else a larger seed set would be trained with larger
    steps."""
    batches = training_batches(pieces_of(REAL[:number]), size, 0)
    counts = [len(batch) for _ in range(20) for batch in epoch(batches, number)]
    assert 0.9 * size < np.mean(counts) < 1.1 * size


def test_few_sentences_are_one_batch() -> None:
    assert [
        len(b) for b in epoch(training_batches(pieces_of(windows_of([20, 30, 40] * 6)), 16, 0), 18)
    ] == [18]


def test_short_sentences_come_in_larger_batches_than_long_ones() -> None:
    counts = [len(batch) for batch in epoch(training_batches(pieces_of(REAL), 16, 0), len(REAL))]
    assert min(counts) < 16 / 1.5 and max(counts) > 1.5 * 16


def test_windows_of_one_length_come_in_batches_of_batch_size() -> None:
    found = windows_of([30] * 40)
    assert {len(b) for b in epoch(training_batches(pieces_of(found), 8, 0), 40)} == {8}
    # no more than there are
    assert [sorted(b) for b in epoch(training_batches(pieces_of(found[:3]), 8, 0), 3)] == [
        [0, 1, 2]
    ]


@settings(deadline=None)
@given(st.lists(st.integers(2, 600), max_size=80).map(windows_of), st.integers(16, 4096))
def test_prediction_covers_all_windows_once(found: list[Window], budget: int) -> None:
    batches = prediction_batches(found, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(found)))
    for batch in batches:
        assert batch and (
            len(batch) == 1
            or len(batch) * padded(max(len(found[i].ids) for i in batch), PREDICTION_LENGTHS)
            <= budget
        )


@given(st.lists(st.integers(2, 512), min_size=1, max_size=5))
def test_collate_shapes(lengths: list[int]) -> None:
    """[B, T] pieces of a known T, [B, W] words; the mask tells pieces from padding."""
    found = windows_of(lengths)
    tensors = collate(found, PAD)
    assert tensors.keys() == {"input_ids", "attention_mask", "firsts"}
    assert (
        tensors["input_ids"].shape
        == tensors["attention_mask"].shape
        == (len(found), padded(max(lengths)))
    )
    assert tensors["firsts"].shape == (len(found), max(1, max(lengths) - 2))
    for w, ids, mask in zip(
        found, tensors["input_ids"].tolist(), tensors["attention_mask"].tolist(), strict=True
    ):
        rest = len(ids) - len(w.ids)
        assert (ids, mask) == (w.ids + [PAD] * rest, [1] * len(w.ids) + [0] * rest)
    for w, firsts in zip(found, tensors["firsts"].tolist(), strict=True):
        assert firsts[: len(w.firsts)] == w.firsts


def test_only_answered_unmasked_words_weigh() -> None:
    """Weights are 0 for padding, for masked words and for words another window answers for; tags
    stand beside them."""
    sentence = Targets([1, 2, 0, 3, 4, 0], [0.5, 0.5, 0.0, 0.5, 0.5, 0.5])  # word 2 is masked
    left = Window(0, 0, [2, 10, 11, 12, 13, 3], [1, 2, 3, 4], (0, 3))
    right = Window(0, 2, [2, 12, 13, 14, 15, 3], [1, 2, 3, 4], (3, 6))
    other = Window(1, 0, [2, 20, 21, 22, 3], [1, 3], (0, 2))  # the first word has two pieces
    tensors = collate([left, right, other], PAD, [sentence, sentence, Targets([1, 0], [1.0, 1.0])])
    assert tensors["weights"].tolist() == [[0.5, 0.5, 0, 0], [0, 0.5, 0.5, 0.5], [1, 1, 0, 0]]
    assert tensors["tags"].tolist() == [[1, 2, 0, 0], [0, 3, 4, 0], [1, 0, 0, 0]]
    assert tensors["firsts"].tolist() == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 3, 0, 0]]


def test_a_window_without_words_weighs_nothing() -> None:
    tensors = collate([Window(0, 0, [2, 3], [], (0, 0))], PAD, [Targets([], [])])
    assert tensors["input_ids"].shape == (1, 16) and tensors["weights"].tolist() == [[0.0]]


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=2), st.floats(0.05, 0.95), seeds)
def test_an_epoch_shows_every_window_and_the_share_of_gold_that_was_asked_for(
    gold: list[bool], share: float, seed: int
) -> None:
    is_gold = np.array(gold)
    shown = repeats(is_gold, share)
    if len(set(gold)) == 1:
        assert shown is None  # there is nothing to mix
        return
    assert shown is not None and shown.min() == pytest.approx(1)
    assert shown[is_gold].sum() / shown.sum() == pytest.approx(share, rel=1e-3)
    found = windows_of([20] * len(gold))
    seen = epoch(training_batches(pieces_of(found), 4, seed, shown), int(np.ceil(shown).sum()))
    assert set(range(len(gold))) == {i for batch in seen for i in batch}


def test_over_many_epochs_gold_has_its_share() -> None:
    """40 gold windows among 400 are every other one that is seen, if half is asked for."""
    gold = np.arange(400) < 40
    batches = training_batches(pieces_of(REAL), 8, 0, repeats(gold, 0.5))
    seen = np.concatenate(epoch(batches, 20_000))
    assert gold[seen].mean() == pytest.approx(0.5, abs=0.01)
    times = np.bincount(seen, minlength=400)
    assert times[gold].min() > 6 * times[~gold].max() > 0


def test_a_hard_label_among_soft_ones_is_certain() -> None:
    """Rows of a soft label are normalised: float16 loses a little of their sum."""
    soft = np.array([[0.5, 0.25, 0.2], [0, 1, 0], [0.1, 0.1, 0.8]], np.float16)
    targets = [Targets([0, 0, 0], [1.0] * 3, soft), Targets([2, 1], [1.0, 1.0])]
    cut = Window(0, 1, [2, 12, 13, 3], [1, 2], (1, 3))  # the second of two windows
    found = collate([cut, window(4, 1)], PAD, targets)["distributions"]
    assert found.sum(-1).allclose(torch.ones(2, 2))
    assert found[0].tolist() == [[0, 1, 0], pytest.approx([0.1, 0.1, 0.8], abs=1e-3)]
    assert found[1].tolist() == [[0, 0, 1], [0, 1, 0]]
    assert "distributions" not in collate([window(4)], PAD, targets[1:])
