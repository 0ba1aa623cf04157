from __future__ import annotations

import time
import warnings

import numpy as np
import numpy.typing as npt
import pytest

from sciner.score.stats import f1_difference_interval, f1_interval, f1_of

Counts = npt.NDArray[np.int64]


def some_counts(documents: int, seed: int, gold: Counts | None = None) -> Counts:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 20, documents) if gold is None else gold
    correct = rng.binomial(gold, 0.6)
    return np.stack([correct, correct + rng.integers(0, 8, documents), gold], axis=1)


A = some_counts(100, 0)
B = some_counts(100, 1, A[:, 2])


def loop_f1(counts: Counts) -> float:
    correct, predicted, gold = counts.sum(axis=0)
    precision, recall = correct / predicted, correct / gold
    return float(2 * precision * recall / (precision + recall))


def test_intervals_equal_a_plain_loop_of_resampling() -> None:
    """Percentiles of F1 over documents drawn with replacement; for the difference, the same
    documents for both."""
    rng = np.random.default_rng(7)
    draws = [rng.integers(0, len(A), len(A)) for _ in range(2000)]
    single = np.percentile([loop_f1(A[i]) for i in draws], [5, 95])
    paired = np.percentile([loop_f1(A[i]) - loop_f1(B[i]) for i in draws], [5, 95])
    assert f1_interval(A, level=0.9) == pytest.approx(single, abs=0.004)
    assert f1_difference_interval(A, B, level=0.9) == pytest.approx(paired, abs=0.004)


def test_interval_contains_the_point_and_repeats() -> None:
    """The point lies inside, a higher level is wider, and a seed gives the same interval again."""
    low, high = f1_interval(A)
    assert f1_of(A) == pytest.approx(loop_f1(A))
    assert low < f1_of(A) < high
    assert f1_interval(A) == (low, high) != f1_interval(A, seed=1)
    narrow = f1_interval(A, level=0.5)
    assert low < narrow[0] < narrow[1] < high
    low, high = f1_difference_interval(A, B)
    assert low < f1_of(A) - f1_of(B) < high


def test_identical_taggers_do_not_differ() -> None:
    """Pairing leaves nothing of a difference that is not there."""
    assert f1_difference_interval(A, A.copy()) == (0.0, 0.0)


@pytest.mark.parametrize(
    "counts",
    [
        np.array([[3, 4, 6]]),
        np.array([[3, 4, 6]] * 5),
        np.zeros((4, 3), int),
        np.zeros((0, 3), int),
        np.array([[0, 0, 3]] * 2),
    ],
    ids=["one document", "all equal", "no spans", "no documents", "nothing predicted"],
)
def test_degenerate_counts_give_the_point_twice(counts: Counts) -> None:
    """Where resampling moves nothing, both ends are the point, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f1_interval(counts) == pytest.approx((f1_of(counts),) * 2)
        assert f1_difference_interval(counts, counts) == (0.0, 0.0)


def test_unpaired_counts_are_refused() -> None:
    """Counts of other documents cannot be compared document by document."""
    with pytest.raises(ValueError, match="same documents"):
        f1_difference_interval(A, B[:50])
    with pytest.raises(ValueError, match="same documents"):
        f1_difference_interval(A, B[::-1])


@pytest.mark.slow
def test_an_interval_takes_a_tenth_of_a_second() -> None:
    """100 documents, 2000 resamples: under 0.1 s (the test allows twice that on a busy machine)."""
    f1_interval(A[:3])
    start = time.perf_counter()
    f1_difference_interval(A, B)
    taken = time.perf_counter() - start
    print(f"difference over 100 documents: {taken:.3f} s")
    assert taken < 0.2
