from __future__ import annotations

import warnings

import pytest

from sciner.score.token import all_o_scores, token_scores
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

GOLD = [
    Sentence("d#0", ("a", "b", "c", "d"), (Span(0, 2, "Task"),)),  # B-Task I-Task O O
    Sentence("d#1", ("e", "f", "g"), (Span(1, 2, "Method"),)),  # O B-Method O
]
PREDICTED = [(Span(0, 2, "Task"),), (Span(1, 2, "Data"),)]  # the second span has the wrong class


def test_figures_by_hand() -> None:
    """A tag's F1 enters the macro mean once and the weighted mean once a gold token; a
    predicted-only tag enters neither."""
    scores = token_scores(GOLD, PREDICTED)
    assert scores == pytest.approx(
        {
            "accuracy/token": 6 / 7,
            "f1/token_weighted": (4 * 1 + 1 + 1 + 0) / 7,  # O, B-Task, I-Task, B-Method
            "f1/token_macro": 3 / 4,
            "f1/token_weighted_without_o": 2 / 3,
            "f1/token_macro_without_o": 2 / 3,
        }
    )
    assert all(type(value) is float for value in scores.values())


def test_figures_equal_scikit_learn_on_the_tags() -> None:
    """The four F1 figures are scikit-learn's own averages over the tags as strings."""
    from sklearn.metrics import f1_score

    true = ["B-Task", "I-Task", "O", "O", "O", "B-Method", "O"]
    pred = ["B-Task", "O", "O", "O", "B-Task", "B-Method", "I-Method"]
    scores = token_scores(GOLD, [(Span(0, 1, "Task"),), (Span(0, 1, "Task"), Span(1, 3, "Method"))])
    for suffix, labels in (("", sorted(set(true))), ("_without_o", sorted(set(true) - {"O"}))):
        for average in ("weighted", "macro"):
            expected = f1_score(true, pred, labels=labels, average=average, zero_division=0)
            assert scores[f"f1/token_{average}{suffix}"] == pytest.approx(expected)


def test_answering_o_everywhere() -> None:
    """The tagger that finds nothing still looks accurate, and only the figures without O say so."""
    scores = all_o_scores(GOLD)
    assert scores["all_o/accuracy/token"] == pytest.approx(4 / 7)
    assert scores["all_o/f1/token_macro"] == pytest.approx((2 * 4 / (7 + 4)) / 4)
    assert (
        scores["all_o/f1/token_macro_without_o"] == scores["all_o/f1/token_weighted_without_o"] == 0
    )


def test_undefined_figures_are_absent_and_nothing_warns() -> None:
    """No entity: no figure without O; no token: no figure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = token_scores([Sentence("d#0", ("a",), ())], [()])
        assert token_scores([], []) == {}
    assert scores == {"accuracy/token": 1.0, "f1/token_weighted": 1.0, "f1/token_macro": 1.0}


def test_what_cannot_be_scored_is_refused() -> None:
    """Different lengths and missing gold raise."""
    with pytest.raises(ValueError):
        token_scores(GOLD, PREDICTED[:1])
    with pytest.raises(ValueError, match="d#0"):
        all_o_scores([GOLD[0].withheld()])
