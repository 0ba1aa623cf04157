"""What a language model's labels are worth, on a case counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from sciner.policy.cost import Usage
from sciner.score.llm import llm_scores
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span


def said(id: str, spans: tuple[Span, ...], shares: list[float]) -> Prediction:
    rows = np.zeros((4, 5), dtype=np.float16)
    return Prediction(Sentence(id, tuple("abcd")), spans, rows, np.array(shares, dtype=np.float32))


TASK, METHOD = Span(0, 2, "Task"), Span(3, 4, "Method")
SAID = [
    said("d#0", (TASK, METHOD), [1, 0.5, 1, 1]),
    said("d#1", (TASK,), [1, 1, 1, 1]),
    said("d#2", (TASK,), [1, 1, 1, 1]),  # nobody knows what is right here
]
GOLD = {"d#0": (TASK, Span(3, 4, "Task")), "d#1": (TASK,)}


def costing(each: Usage) -> Callable[[Sequence[Sentence]], Usage]:
    """Every sentence costs the same."""
    return lambda sentences: sum((each for _ in sentences), Usage())


def test_figures_by_hand() -> None:
    """Of three spans with gold two are right, with the shares 0.5 and 1; the wrong one has 1."""
    scores = llm_scores(SAID, GOLD, {"unaligned": 2}, costing(Usage(300, 30, 0.25)))
    assert scores["sentences"] == 3 and scores["faults/unaligned"] == 2
    assert scores["f1/micro"] == pytest.approx(2 / 3)
    assert scores["precision/Task"] == 1 and scores["recall/Task"] == pytest.approx(2 / 3)
    wrong = {name: value for name, value in scores.items() if name.startswith("errors/")}
    assert wrong == {
        "errors/wrong_class": 1,
        "errors/wrong_boundary": 0,
        "errors/missed": 0,
        "errors/spurious": 0,
    }
    assert scores["calibration/ece"] == pytest.approx(1 / 3 * 0.5 + 2 / 3 * 0.5)
    assert scores["money_per_correct_span"] == 0.25  # of the two sentences whose gold is known
    told = (scores["prompt_tokens"], scores["completion_tokens"], scores["money"])
    assert told == (900, 90, 0.75)


def test_without_gold_prices_or_a_correct_span_there_is_no_such_figure() -> None:
    paid, free = costing(Usage(1, 1, 1.0)), costing(Usage(1, 1))
    assert "f1/micro" not in llm_scores(SAID, {}, {}, paid)
    assert "money_per_correct_span" not in llm_scores(SAID, GOLD, {}, free)
    assert "money_per_correct_span" not in llm_scores(SAID[1:], {"d#1": ()}, {}, paid)
