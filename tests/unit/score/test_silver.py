from __future__ import annotations

import numpy as np
import pytest

from sciner.score.silver import silver_scores
from sciner.text.corpus import Example, Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

TASK, METHOD, WRONG = Span(0, 2, "Task"), Span(3, 4, "Method"), Span(2, 3, "Method")
SENTENCES = [Sentence(f"d#{i}", ("a", "b", "c", "d")) for i in range(4)]


def propose(sentence: Sentence, *spans: Span) -> Prediction:
    return Prediction(sentence, spans, np.ones((4, 1), np.float32), np.ones(4, np.float32))


def accept(
    sentence: Sentence, *spans: Span, masked: frozenset[int] = frozenset(), confidence: float = 0.5
) -> Example:
    return Example(sentence, spans, "silver", 1, (confidence,) * len(spans), masked)


PROPOSED = [
    propose(SENTENCES[0], TASK, WRONG),
    propose(SENTENCES[1], METHOD),
    propose(SENTENCES[2], TASK, METHOD),  # not accepted
    propose(SENTENCES[3], METHOD),  # no gold exists
]
ACCEPTED = [
    # the wrong span is masked
    accept(SENTENCES[0], TASK, WRONG, masked=frozenset({2}), confidence=0.75),
    accept(SENTENCES[1], METHOD, masked=frozenset({3})),
    accept(SENTENCES[3], METHOD),
]
WITHHELD = {"d#0": (TASK,), "d#1": (), "d#2": (TASK, METHOD), "elsewhere#0": (TASK,)}


def test_sizes_without_gold() -> None:
    """Masked spans are not accepted; a sentence may be accepted and empty."""
    assert silver_scores(ACCEPTED, PROPOSED, {}) == {
        "accepted_sentences": 3,
        "accepted_spans": 2,
        "accepted_share": 0.75,
        "empty_sentences": 1,
        "masked_tokens": 2,
        "proposed_spans": 6,
        "mean_confidence": (0.75 + 0.5) / 2,
        "spans/Task": 1,
        "spans/Method": 1,
    }


def test_quality_over_sentences_with_gold() -> None:
    """Precision is of what was accepted, recall of the gold of all that was annotated; the rest is
    not looked at."""
    scores = silver_scores(ACCEPTED, PROPOSED, WITHHELD)
    quality = {
        key: value
        for key, value in scores.items()
        if key.partition("/")[0].endswith(("precision", "recall", "f1"))
    }
    assert quality == pytest.approx(
        {
            "precision/micro": 1.0,  # Task in d#0; d#3 has no gold
            "recall/micro": 1 / 3,
            "f1/micro": 0.5,
            "precision/Task": 1.0,
            "recall/Task": 0.5,
            "f1/Task": 2 / 3,
            "recall/Method": 0.0,  # precision would be 0 / 0
            "f1/Method": 0.0,
            "proposed_precision/micro": 3 / 5,
            "proposed_recall/micro": 1.0,
        }
    )
    assert all(type(value) is float for value in scores.values())


def test_a_stricter_threshold_trades_recall() -> None:
    """Rejecting what is wrong raises precision; rejecting what is right lowers recall; the proposal
    stays as it was."""
    everything = [accept(p.sentence, *p.spans) for p in PROPOSED]
    lax, strict = (
        silver_scores(everything, PROPOSED, WITHHELD),
        silver_scores(ACCEPTED, PROPOSED, WITHHELD),
    )
    assert lax["precision/micro"] == lax["proposed_precision/micro"] < strict["precision/micro"]
    assert lax["recall/micro"] == lax["proposed_recall/micro"] > strict["recall/micro"]
    assert lax["proposed_precision/micro"] == strict["proposed_precision/micro"]


def test_nothing_accepted_and_nothing_proposed() -> None:
    """What has no denominator is absent, what counts is 0."""
    rejected = silver_scores([], PROPOSED, WITHHELD)
    assert (
        rejected["accepted_share"],
        rejected["spans/Task"],
        rejected["recall/micro"],
        rejected["f1/micro"],
    ) == (0, 0, 0, 0)
    assert not {"mean_confidence", "precision/micro", "precision/Task"} & rejected.keys()
    empty = silver_scores([], [], WITHHELD)
    assert set(empty.values()) == {0.0} and not [
        key for key in empty if "/" in key or "share" in key
    ]


def test_silver_that_nobody_proposed_is_refused() -> None:
    """Accepted sentences are a part of the annotated ones."""
    with pytest.raises(ValueError, match="d#3"):
        silver_scores(ACCEPTED, PROPOSED[:3], {})
