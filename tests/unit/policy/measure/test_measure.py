"""Measures by hand; the battery for all of them is in ``threshold/test_threshold.py``."""

from __future__ import annotations

import numpy as np
import pytest

from sciner.policy.measure.base import MEASURES
from sciner.policy.threshold.accept import Threshold, accept
from sciner.policy.threshold.constant import Fixed
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span

# Over O, B-Task, I-Task and two tags that never come: sure, between two tags, between four, not at
# all.
ROWS = [[0, 1, 0, 0, 0], [0, 0.25, 0.75, 0, 0], [0.25, 0.25, 0.25, 0.25, 0], [0.2] * 5]
# in nats: 0.25 log 4 + 0.75 log 4/3, log 4, log 5; the last is the widest
ENTROPY = [0, 0.5623, 1.3863, 1.6094]


def predicted(rows: list[list[float]]) -> Prediction:
    """One span over all tokens, its confidence not what is measured."""
    values, count = np.array(rows, np.float16), len(rows)
    sentence = Sentence("d#0", ("w",) * count)
    return Prediction(sentence, (Span(0, count, "Task"),), values, np.full(count, 0.5, np.float32))


def test_the_margin_is_the_lead_of_the_best_tag_over_the_second() -> None:
    assert MEASURES["margin"](predicted(ROWS)) == pytest.approx([1, 0.5, 0, 0], abs=1e-3)


def test_the_margin_tells_tokens_apart_that_are_sure_to_float16() -> None:
    p = predicted([[1 - x, x, 0, 0, 0] for x in (1e-4, 1e-5)])
    assert (p.distribution[:, 0] == 1).all()
    assert MEASURES["margin"](p) == pytest.approx([1 - 2e-4, 1 - 2e-5], abs=1e-7)


def test_the_entropy_is_told_as_what_it_lacks_of_the_widest() -> None:
    assert MEASURES["entropy"](predicted(ROWS)) == pytest.approx(
        1 - np.array(ENTROPY) / ENTROPY[-1], abs=1e-3
    )


@pytest.mark.parametrize(
    ("measure", "how", "value"),
    [
        ("margin", "min", 0.5),  # of 1 and 0.5
        ("margin", "mean", 0.75),
        ("entropy", "min", 0.6506),  # of 1 and 1 - 0.5623 / 1.6094
        ("entropy", "mean", 0.8253),
    ],
)
def test_a_span_is_accepted_by_the_min_or_mean_of_its_tokens(
    measure: str, how: Aggregate, value: float
) -> None:
    silver = predicted(ROWS[:2])
    for bar, accepted in ((value - 1e-3, 1), (value + 1e-3, 0)):
        found = accept(
            lambda: [silver],
            Threshold(Fixed(bar), "span", how, "keep", measure),
            gold_empty_rate=0,
            round=1,
        )
        assert len(found) == accepted
