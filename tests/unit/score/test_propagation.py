from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.score.propagation import Fate, fate, propagation_scores
from sciner.text.corpus import Example, Sentence
from sciner.text.spans import Span, decode

WRONG, GOLD = Span(2, 4, "Task"), (Span(3, 5, "Task"), Span(6, 7, "Method"))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([WRONG, GOLD[1]], Fate.AGAIN),
        ([Span(2, 4, "Method")], Fate.CHANGED),
        ([Span(3, 5, "Method")], Fate.CHANGED),
        ([Span(2, 3, "Task"), GOLD[0]], Fate.CHANGED),  # right beside wrong
        ([GOLD[0]], Fate.CORRECTED),
        ([GOLD[1], Span(0, 2, "Task")], Fate.GONE),  # they touch it, or are elsewhere
        ([], Fate.GONE),
    ],
)
def test_the_fate_of_a_wrong_span_is_what_stands_in_its_place(
    after: list[Span], expected: Fate
) -> None:
    assert fate(WRONG, after, GOLD) == expected


def silver(
    *sentences: tuple[Sentence, Sequence[Span]], masked: frozenset[int] = frozenset()
) -> list[Example]:
    return [
        Example(s, tuple(spans), "silver", 1, (0.5,) * len(spans), masked) for s, spans in sentences
    ]


FIRST = Sentence("d#0", ("the", "parser", "beats", "BERT", "here"))
SECOND = Sentence("d#1", ("Bert", "is", "a", "parser", "we", "use"))
GOLD_OF = {"d#0": (Span(3, 4, "Method"),), "d#1": (Span(0, 1, "Method"), Span(3, 4, "Method"))}


def test_an_error_spreads_where_its_text_and_class_turn_up_wrong_elsewhere() -> None:
    """Case-folded; another class of the same text is new, and did not spread; so is what overlaps
    no older error."""
    before = silver((FIRST, [Span(3, 4, "Task")]), (SECOND, [Span(3, 4, "Method")]))
    after = silver(
        (FIRST, [Span(3, 4, "Task")]),
        (SECOND, [Span(0, 1, "Task"), Span(3, 4, "Task"), Span(4, 6, "Method")]),
    )
    scores = propagation_scores(before, after, GOLD_OF)
    assert {name: scores[name] for name in ("before", "again", "new", "spread")} == {
        "before": 1,
        "again": 1,
        "new": 3,
        "spread": 1,
    }
    assert (
        scores["new/Task"],
        scores["spread/Task"],
        scores["new/Method"],
        scores["spread/Method"],
    ) == (2, 1, 1, 0)


def test_only_what_the_loss_sees_and_the_gold_knows_is_counted() -> None:
    wrong = (FIRST, [Span(0, 2, "Task"), Span(3, 4, "Task")])
    before, masked = silver(wrong), silver(wrong, masked=frozenset({0, 3}))
    assert propagation_scores(before, before, {}) == {} == propagation_scores([], before, GOLD_OF)
    assert (
        propagation_scores(before, masked, GOLD_OF)["gone"]
        == 2
        == propagation_scores(before, [], GOLD_OF)["gone"]
    )
    assert propagation_scores(masked, before, GOLD_OF) == {}


LABELS = ["O", "O", "B-Task", "I-Task", "B-Method", "I-Method"]
spans = st.lists(st.sampled_from(LABELS), min_size=5, max_size=5).map(lambda tags: decode(tags)[0])


@given(older=spans, newer=spans, gold=spans)
def test_fates_and_classes_add_up(
    older: tuple[Span, ...], newer: tuple[Span, ...], gold: tuple[Span, ...]
) -> None:
    scores = propagation_scores(silver((FIRST, older)), silver((FIRST, newer)), {"d#0": gold})
    assert bool(scores) == bool(set(older) - set(gold))
    if scores:
        assert scores["before"] == sum(scores[kind] for kind in Fate) == len(set(older) - set(gold))
        assert scores["spread"] <= scores["new"] <= len(set(newer) - set(gold))
        for name in ("before", *Fate, "new", "spread"):
            assert scores[name] == sum(
                value for key, value in scores.items() if key.startswith(f"{name}/")
            )
