"""Gold comes from the annotator alone, and is paid for."""

from __future__ import annotations

import pytest

from sciner.policy.annotator import Budget, PerfectAnnotator
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

TASK, METHOD = Span(0, 2, "Task"), Span(2, 3, "Method")
BOTH = Sentence("d#0", ("a", "b", "c"), (TASK, METHOD))
ONE = Sentence("d#1", ("a", "b"), (TASK,))
EMPTY = Sentence("e#0", ("a",), ())
GOLD = [BOTH, ONE, EMPTY]


def test_the_budget_counts_sentences_tokens_and_entities() -> None:
    budget = Budget().charged(GOLD)
    assert budget.scores() == {"sentences": 3.0, "tokens": 6.0, "entities": 3.0}
    assert budget == Budget(3, 6, 3)


def test_it_is_the_same_bought_at_once_or_in_batches() -> None:
    """Nothing bought costs nothing, and an earlier budget stays as it was."""
    first = Budget().charged([BOTH])
    assert first.charged([]).charged([ONE, EMPTY]) == Budget().charged(iter(GOLD))
    assert first == Budget(1, 3, 2)


def test_labelling_reveals_exactly_the_withheld_gold() -> None:
    """In the order that was asked for; what a sentence claims of itself does not count."""
    annotator = PerfectAnnotator({s.id: s.spans for s in GOLD if s.spans is not None})
    claims = Sentence(ONE.id, ONE.tokens, (METHOD,))
    assert annotator.label([EMPTY.withheld(), BOTH.withheld(), claims]) == (EMPTY, BOTH, ONE)
    assert annotator.label([]) == ()


def test_a_sentence_whose_gold_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError, match="d#1"):
        PerfectAnnotator({BOTH.id: (TASK,)}).label([BOTH, ONE])


def test_later_changes_of_the_mapping_do_not_reach_the_annotator() -> None:
    withheld = {ONE.id: (TASK,)}
    annotator = PerfectAnnotator(withheld)
    withheld[ONE.id] = (Span(1, 2, "Method"),)
    assert annotator.label([ONE.withheld()]) == (ONE,)
