from __future__ import annotations

import numpy as np
import pytest

from sciner.score.calibration import calibration_scores, reliability_scores
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span


def predict(sentence: Sentence, spans: tuple[Span, ...], confidence: list[float]) -> Prediction:
    numbers = np.array(confidence, dtype=np.float32)
    return Prediction(sentence.withheld(), spans, np.zeros((len(numbers), 1), np.float32), numbers)


GOLD = [
    Sentence("d#0", ("a", "b", "c", "d"), (Span(0, 2, "Task"), Span(2, 3, "Method"))),
    Sentence("d#1", ("e", "f"), (Span(0, 1, "Task"),)),
]
PREDICTIONS = [
    # right at 0.75, wrong class at 0.875, not in the gold at 0.25
    predict(
        GOLD[0],
        (Span(0, 2, "Task"), Span(2, 3, "Task"), Span(3, 4, "Task")),
        [0.875, 0.75, 0.875, 0.25],
    ),
    predict(GOLD[1], (Span(0, 1, "Task"),), [0.75, 0.125]),  # right at 0.75
]


def test_ece_by_hand() -> None:
    """The gap between accuracy and confidence of each bin, weighted by the spans in it."""
    scores = calibration_scores(GOLD, PREDICTIONS, "min")
    bins = [(2, 1.0, 0.75), (1, 0.0, 0.875), (1, 0.0, 0.25)]  # (0.7, 0.8], (0.8, 0.9], (0.2, 0.3]
    assert scores == pytest.approx(
        {
            "calibration/ece": sum(
                n / 4 * abs(accuracy - confidence) for n, accuracy, confidence in bins
            ),
            "calibration/mean_confidence": (0.75 + 0.875 + 0.25 + 0.75) / 4,
            "calibration/spans": 4,
        }
    )
    assert all(type(value) is float for value in scores.values())
    assert calibration_scores(GOLD, PREDICTIONS, "mean") != scores


@pytest.mark.parametrize(("confidence", "ece"), [(0.0, 1.0), (1.0, 0.0), (0.5, 0.5)])
def test_edges_of_the_bins(confidence: float, ece: float) -> None:
    """0 and 1 fall into the first and last bin; a single right span is off by what it lacks of
    1."""
    prediction = predict(GOLD[1], (Span(0, 1, "Task"),), [confidence, 0.5])
    assert calibration_scores(GOLD[1:], [prediction], "min")["calibration/ece"] == pytest.approx(
        ece
    )


@pytest.mark.parametrize("votes", range(1, 11))
def test_a_share_of_votes_is_in_the_bin_that_ends_with_it(votes: int) -> None:
    """6 of 10 is no more than 0.6, though it is in the precision of confidences."""
    prediction = predict(GOLD[1], (Span(0, 1, "Task"),), [votes / 10, 0.5])
    scores = reliability_scores({"d#1": GOLD[1].spans or ()}, [prediction], "min")
    assert scores.keys() == {
        f"bin/{(votes - 1) / 10:.1f}/{name}" for name in ("precision", "spans")
    }


def test_errors_on_both_sides_of_a_bin_cancel_and_across_bins_do_not() -> None:
    """ECE compares means within a bin: one right and one wrong span at 0.5 are calibrated."""
    pair = predict(GOLD[0], (Span(0, 2, "Task"), Span(3, 4, "Task")), [0.5] * 4)
    apart = predict(GOLD[0], (Span(0, 2, "Task"), Span(3, 4, "Task")), [0.25, 0.25, 0.5, 0.75])
    assert calibration_scores(GOLD[:1], [pair], "min")["calibration/ece"] == 0
    assert calibration_scores(GOLD[:1], [apart], "min")["calibration/ece"] == 0.75


def test_without_a_span_only_the_count() -> None:
    """What is undefined is absent, and predictions of other sentences are refused."""
    assert calibration_scores(GOLD[:1], [predict(GOLD[0], (), [1.0] * 4)], "min") == {
        "calibration/spans": 0.0
    }
    with pytest.raises(ValueError, match="d#1"):
        calibration_scores(GOLD, PREDICTIONS[::-1], "min")


def test_precision_by_bin_of_confidence_over_what_has_gold() -> None:
    gold = {"d#0": GOLD[0].spans or ()}  # d#1 has none
    assert reliability_scores(gold, PREDICTIONS, "min") == {
        "bin/0.7/precision": 1.0, "bin/0.7/spans": 1.0,
        "bin/0.8/precision": 0.0, "bin/0.8/spans": 1.0,
        "bin/0.2/precision": 0.0, "bin/0.2/spans": 1.0,
    }  # fmt: skip
    assert reliability_scores({}, PREDICTIONS, "min") == reliability_scores(gold, [], "min") == {}


@pytest.mark.parametrize(
    ("confidence", "bin"), [(0.0, "0.0"), (0.5, "0.4"), (0.75, "0.7"), (1.0, "0.9")]
)
def test_the_upper_end_of_a_bin_belongs_to_it(confidence: float, bin: str) -> None:
    prediction = predict(GOLD[1], (Span(0, 1, "Task"),), [confidence, 0.5])
    assert (
        reliability_scores({"d#1": GOLD[1].spans or ()}, [prediction], "min")[
            f"bin/{bin}/precision"
        ]
        == 1.0
    )
