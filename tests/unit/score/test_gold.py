"""How good gold is, and how far two agree: against figures counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sciner.score.entity import entity_counts
from sciner.score.gold import agreement_scores, gold_scores, with_dropped
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

FIRST = [
    Sentence("d#0", ("w",) * 6, (Span(0, 2, "Task"), Span(3, 4, "Method"))),
    Sentence("d#1", ("w",) * 3, (Span(0, 1, "Task"),)),
    Sentence("e#0", ("w",) * 9, ()),
]
SECOND = [
    Sentence("d#0", ("w",) * 6, (Span(0, 1, "Task"), Span(3, 4, "Method"))),  # a boundary
    # a class, a spurious span
    Sentence("d#1", ("w",) * 3, (Span(0, 1, "Method"), Span(2, 3, "Method"))),
    Sentence("e#0", ("w",) * 9, ()),
]


def test_gold_is_scored_strictly_against_the_clean_labels() -> None:
    """One of four marked spans is right, and one of three is found."""
    clean = {s.id: s.spans or () for s in FIRST}
    assert gold_scores(SECOND, clean) == {"precision": 1 / 4, "recall": 1 / 3, "f1": 2 / 7}
    assert gold_scores(FIRST, clean) == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_gold_that_the_reader_dropped_is_missed() -> None:
    """4 marked and 3 + 2 true spans, of which one is found."""
    gold = [replace(FIRST[0], dropped=("Task", "Method")), *FIRST[1:]]
    counts = entity_counts(gold, [s.spans or () for s in SECOND])
    assert with_dropped(gold, counts) == {"recall": 1 / 5, "f1": 2 / 9, "spans": 2.0}
    assert with_dropped(FIRST, counts) == {}


def test_a_figure_without_a_denominator_is_absent() -> None:
    nothing = FIRST[2]
    assert gold_scores([nothing], {nothing.id: ()}) == {}
    assert gold_scores([nothing], {nothing.id: (Span(0, 1, "Task"),)}) == {"recall": 0.0, "f1": 0.0}
    assert agreement_scores([nothing], [nothing]) == {}
    # one class, always: no kappa
    assert agreement_scores(FIRST[1:], FIRST[1:]) == {"agreement_f1": 1.0}


def test_kappa_is_over_the_tokens_that_either_marked() -> None:
    """Five tokens, (Task Task) (Task O) (Method Method) (Task Method) (O Method): 2 of 5 agree. By
    chance 3/5 x 1/5 (Task) + 1/5 x 3/5 (Method) + 1/5 x 1/5 (O) = 7/25 would. kappa = (10/25 -
    7/25) / (1 - 7/25) = 1/6."""
    scores = agreement_scores(FIRST, SECOND)
    assert scores == pytest.approx({"agreement_f1": 2 / 7, "agreement_kappa": 1 / 6})
    assert agreement_scores(SECOND, FIRST) == pytest.approx(scores)
    assert agreement_scores(FIRST, FIRST) == {"agreement_f1": 1.0, "agreement_kappa": 1.0}
