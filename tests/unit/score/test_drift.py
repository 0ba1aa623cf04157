from __future__ import annotations

import math

import numpy as np
import pytest

from sciner.score.drift import collapse_warning, density_and_shares, drift_scores
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

LABELS = ("Task", "Method")
TASK, METHOD, LATE = Span(0, 2, "Task"), Span(3, 4, "Method"), Span(8, 9, "Method")


def predict(index: int, *spans: Span) -> Prediction:
    return Prediction(
        Sentence(f"d#{index}", ("w",) * 10),
        spans,
        np.ones((10, 1), np.float32),
        np.ones(10, np.float32),
    )


BEFORE = [predict(0, TASK, METHOD), predict(1, TASK)]
# the same sentences in another order; one Method span moved
AFTER = [predict(1, TASK), predict(0, TASK, LATE)]
NOTHING = [predict(0), predict(1)]


def test_first_round_has_a_look_and_no_movement() -> None:
    """Without a previous round there are densities and shares, the latter for every class."""
    assert drift_scores(None, BEFORE, (*LABELS, "Data")) == pytest.approx(
        {"density": 15.0, "share/Task": 2 / 3, "share/Method": 1 / 3, "share/Data": 0.0}
    )
    assert drift_scores(None, NOTHING, LABELS) == {"density": 0.0}
    assert density_and_shares([], []) == (0.0, {})


def test_movement_by_hand() -> None:
    """Churn counts what only one round has; a span that moves within its class changes no
    distribution."""
    scores = drift_scores(BEFORE, AFTER, LABELS)
    assert scores["churn"] == pytest.approx(1 - 2 * 2 / 6)
    assert (scores["class_divergence"], scores["density_change"]) == pytest.approx(
        (0.0, 0.0), abs=1e-9
    )
    assert all(type(value) is float for value in scores.values())


def test_divergence_is_in_bits() -> None:
    """Disjoint classes diverge by 1; a half-shared one by what the definition gives."""
    tasks, methods = [predict(0, TASK)], [predict(0, METHOD)]
    assert drift_scores(tasks, methods, LABELS)["class_divergence"] == pytest.approx(1.0)
    expected = 0.5 * math.log2(1 / 0.75) + 0.5 * (
        0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)
    )
    assert drift_scores(tasks, [predict(0, TASK, METHOD)], LABELS)[
        "class_divergence"
    ] == pytest.approx(expected)


def test_undefined_movement_is_absent() -> None:
    """From nothing there is no relative change, of nothing no distribution; two empty rounds have
    no churn."""
    assert drift_scores(NOTHING, NOTHING, LABELS) == {"density": 0.0, "churn": 0.0}
    assert drift_scores(NOTHING, BEFORE, LABELS)["churn"] == 1.0
    assert not {"class_divergence", "density_change"} & drift_scores(NOTHING, BEFORE, LABELS).keys()
    assert drift_scores(BEFORE, NOTHING, LABELS) == {
        "density": 0.0,
        "churn": 1.0,
        "density_change": -1.0,
    }


def test_other_sentences_are_refused() -> None:
    """Rounds that annotated different sentences cannot be compared."""
    with pytest.raises(ValueError, match="d#1"):
        drift_scores(BEFORE, BEFORE[:1], LABELS)


SEED = {"Task": 0.6, "Method": 0.36, "Rare": 0.04}


@pytest.mark.parametrize(
    ("density", "shares", "words"),
    [
        (10.0, SEED, None),
        (5.0, SEED, None),  # half and double are still allowed
        (20.0, {"Task": 0.99, "Method": 0.01}, None),  # and a rare class may be missing
        (4.9, SEED, "only 4.9 spans"),
        (20.1, SEED, "only 10.0"),
        (10.0, {"Task": 1.0, "Method": 0.0}, "no longer predicted: Method"),
        (0.0, {}, "no longer predicted: Method, Task"),
    ],
)
def test_collapse(density: float, shares: dict[str, float], words: str | None) -> None:
    """A warning is one line that names what collapsed, and there is none within the bounds."""
    warning = collapse_warning(density, 10.0, shares, SEED)
    assert (
        warning is None
        if words is None
        else warning is not None and words in warning and "\n" not in warning
    )
