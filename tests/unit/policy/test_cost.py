"""What is bought is paid for: sentences, tokens, entities, and minutes by the seconds that are
given."""

from __future__ import annotations

import pytest

from sciner.policy.cost import Budget, Cost, Proposal
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

TASK, METHOD = Span(0, 2, "Task"), Span(2, 3, "Method")
BOTH = Sentence("d#0", ("a", "b", "c"), (TASK, METHOD))
ONE = Sentence("d#1", ("a", "b"), (TASK,))
EMPTY = Sentence("e#0", ("a",), ())
GOLD = [BOTH, ONE, EMPTY]


def test_the_budget_counts_sentences_tokens_entities_and_minutes() -> None:
    budget = Budget().charged(GOLD, Cost(read_token=1, mark_entity=20))
    assert budget.scores() == {
        "sentences": 3.0,
        "tokens": 6.0,
        "entities": 3.0,
        "minutes": (6 * 1 + 3 * 20) / 60,
    }


def test_an_earlier_budget_stays_as_it_was() -> None:
    first = Budget().charged([BOTH], Cost())
    assert first.charged([], Cost()) == first
    assert first.charged([ONE, EMPTY], Cost()).entities == 3 and first.entities == 2


@pytest.mark.parametrize(
    ("proposed", "seconds"),
    [
        ((), 3 + 200),  # nothing to start from: both are marked
        ((TASK, METHOD), 3 + 20),  # both are confirmed
        ((Span(0, 1, "Method"),), 3 + 10 + 100),  # one is corrected, and METHOD overlaps none
        ((Span(0, 1, "Task"), Span(1, 2, "Task")), 3 + 20 + 100),  # two are made into one
        ((Span(0, 3, "Task"),), 3 + 10),  # one is corrected, and the other comes of it
    ],
)
def test_one_who_starts_from_silver_pays_for_every_span_of_it_and_for_gold_that_overlaps_none(
    proposed: tuple[Span, ...], seconds: float
) -> None:
    assisted = Cost(read_token=1, mark_entity=100, correct_span=10, assist=True)
    assert assisted.seconds(BOTH, proposed) == seconds
    assert (
        Budget().charged([ONE, BOTH], assisted, {BOTH.id: Proposal(proposed)}).minutes
        == (102 + seconds) / 60
    )


def test_one_who_starts_from_nothing_does_not_pay_for_silver() -> None:
    alone = Cost(read_token=1, mark_entity=100, correct_span=10)
    assert alone.seconds(BOTH, (TASK, METHOD)) == alone.seconds(BOTH) == 203


def test_seconds_that_were_measured_count_in_place_of_the_estimate() -> None:
    timed = Cost(read_token=1, mark_entity=20, measured={BOTH.id: 7})
    assert Budget().charged([BOTH, ONE], timed).minutes == (7 + 2 + 20) / 60


def test_spurious_silver_in_an_empty_sentence_costs_its_deletion() -> None:
    assert (
        Cost(read_token=1, correct_span=10, assist=True).seconds(EMPTY, (Span(0, 1, "Task"),)) == 11
    )
