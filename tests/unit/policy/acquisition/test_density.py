"""Information density by hand, and its similarity against that of every pair."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sciner.policy.acquisition.base import Evidence, Scores
from sciner.policy.acquisition.density import InformationDensity, mean_similarity
from sciner.policy.acquisition.rank import rank
from sciner.policy.diversity import Vectors
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction

# A token each: unsure between two tags, sure, unsure between four. The third is unlike the others.
ROWS = [[0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.25] * 4]
# similar to all: (1 + 1 + 0) / 3, the same, (0 + 0 + 1) / 3
VECTORS = np.array([[2, 0], [1, 0], [0, 3]], np.float32)
ALONE, AMONG = 1 / 3, 2 / 3


def evidence_of(vectors: Vectors = VECTORS) -> Evidence:
    pool = [
        Prediction(
            Sentence(f"d#{n}", ("w",)),
            (),
            np.array([row], np.float16),
            np.array([row[0]], np.float32),
        )
        for n, row in enumerate(ROWS)
    ]
    found = {"candidates": [p.sentence for p in pool], "by_id": np.array([2, 0, 1])}
    return Evidence(predictions=lambda: iter(pool), embeddings=lambda: vectors, **found)  # type: ignore[arg-type]


def scores(beta: float, vectors: Vectors = VECTORS) -> Scores:
    return InformationDensity(beta).scores(evidence_of(vectors))


@pytest.mark.parametrize(
    ("beta", "expected", "order"),
    [
        (0, [math.log(2), 0, math.log(4)], [2, 0, 1]),  # token entropy alone
        (1, [math.log(2) * AMONG, 0, math.log(4) * ALONE], None),  # log 2 * 2/3 is log 4 * 1/3
        # the outlier comes later
        (2, [math.log(2) * AMONG**2, 0, math.log(4) * ALONE**2], [0, 2, 1]),
    ],
)
def test_an_unsure_sentence_counts_by_how_much_it_is_like_the_pool(
    beta: float, expected: list[float], order: list[int] | None
) -> None:
    assert scores(beta) == pytest.approx(expected, rel=1e-6)
    if order:
        candidates = list(evidence_of().candidates)
        assert (
            rank(
                InformationDensity(beta), candidates, evidence_of(), count=1, seed=0, round=1
            ).tolist()
            == order
        )


def test_a_sentence_that_is_unlike_the_pool_counts_nothing_whatever_the_power() -> None:
    """Not NaN, which would come first or last as the sort has it."""
    away = np.array([[1, 0], [1, 0], [-1, 0]], np.float32)
    assert scores(0.5, away) == pytest.approx([math.log(2) * math.sqrt(1 / 3), 0, 0])


def test_the_mean_similarity_is_that_of_all_pairs() -> None:
    vectors = np.random.default_rng(0).normal(0.3, 1, (50, 8)).astype(np.float32)
    assert mean_similarity(vectors) == pytest.approx(
        1 - cdist(vectors, vectors, "cosine").mean(axis=1), abs=1e-6
    )
    assert mean_similarity(np.zeros((2, 8), np.float32)).tolist() == [0, 0]


def test_memory_grows_with_the_pool_alone() -> None:
    vectors = np.ones((20_000, 4), np.float32)  # of which all pairs take 1.6 GB
    tracemalloc.start()
    mean_similarity(vectors)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * vectors.nbytes
