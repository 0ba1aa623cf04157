"""Kinds of error against independent counts: nervaluate, a maximum matching, and the scores."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from sciner.score.entity import entity_counts
from sciner.score.errors import Kind, confusion, findings, repeated
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, decode, encode

LENGTH = 9
TAGS = [f"{prefix}-{label}" for prefix in "BI" for label in "XY"]
spans = st.lists(st.sampled_from(["O", *TAGS]), min_size=LENGTH, max_size=LENGTH).map(
    lambda tags: decode(tags)[0]
)
often = settings(max_examples=200, deadline=None)


@often
@given(gold=spans, predicted=spans)
def test_every_span_is_found_once_and_the_right_ones_are_those_that_score(
    gold: tuple[Span, ...], predicted: tuple[Span, ...]
) -> None:
    found = findings(gold, predicted)
    assert sorted(f.gold for f in found if f.gold) == sorted(gold)
    assert sorted(f.predicted for f in found if f.predicted) == sorted(predicted)
    kinds = Counter(f.kind for f in found)
    (row,) = entity_counts([Sentence("d#0", ("a",) * LENGTH, gold)], [predicted])
    assert row.tolist() == [
        kinds[Kind.RIGHT],
        kinds.total() - kinds[Kind.MISSED],
        kinds.total() - kinds[Kind.SPURIOUS],
    ]
    counts = confusion([found])
    assert counts.pairs.total() + counts.boundaries.total() == len(found)
    on_diagonal = sum(counts.pairs[label, label] for label in counts.labels)
    assert on_diagonal == kinds[Kind.RIGHT]


@often
@given(gold=spans, predicted=spans)
def test_equal_boundaries_are_what_nervaluate_calls_exact(
    gold: tuple[Span, ...], predicted: tuple[Span, ...]
) -> None:
    true, pred = encode(gold, LENGTH), encode(predicted, LENGTH)
    exact = Evaluator([true], [pred], tags=["X", "Y"], loader="list").evaluate()["overall"]["exact"]
    kinds = Counter(f.kind for f in findings(gold, predicted))
    assert kinds[Kind.RIGHT] + kinds[Kind.WRONG_CLASS] == exact.correct


@often
@given(gold=spans, predicted=spans)
def test_no_pairing_has_more_wrong_boundaries(
    gold: tuple[Span, ...], predicted: tuple[Span, ...]
) -> None:
    same = {s[:2] for s in gold} & {s[:2] for s in predicted}
    rows, columns = ([s for s in side if s[:2] not in same] for side in (gold, predicted))
    touching = [
        [a.label == b.label and len({*range(*a[:2])} & {*range(*b[:2])}) > 0 for b in columns]
        for a in rows
    ]
    found = [f for f in findings(gold, predicted) if f.kind == Kind.WRONG_BOUNDARY]
    graph = csr_matrix(np.array(touching, dtype=int).reshape(len(rows), len(columns)))
    most = (maximum_bipartite_matching(graph) >= 0).sum() if rows and columns else 0
    assert len(found) == most
    assert all(
        f.gold and f.predicted and touching[rows.index(f.gold)][columns.index(f.predicted)]
        for f in found
    )


def test_each_kind_by_its_name() -> None:
    gold = [Span(0, 2, "X"), Span(3, 5, "X"), Span(6, 7, "X"), Span(8, 9, "Y"), Span(10, 12, "X")]
    predicted = [
        Span(0, 2, "X"),
        Span(4, 6, "X"),
        Span(6, 7, "Y"),
        Span(9, 10, "X"),
        Span(11, 13, "Y"),
    ]
    found = [(f.kind, f.gold, f.predicted) for f in findings(gold, predicted)]
    assert found == [
        (Kind.RIGHT, gold[0], predicted[0]),
        (Kind.WRONG_BOUNDARY, gold[1], predicted[1]),
        (Kind.WRONG_CLASS, gold[2], predicted[2]),
        (Kind.MISSED, gold[3], None),
        (Kind.SPURIOUS, None, predicted[3]),
        (Kind.MISSED, gold[4], None),  # neither boundaries nor class are right
        (Kind.SPURIOUS, None, predicted[4]),
    ]
    counts = confusion([findings(gold, predicted)])
    assert counts.boundaries == {"X": 1} and counts.labels == ["X", "Y"]
    assert counts.pairs == {
        ("X", "X"): 1,
        ("X", "Y"): 1,
        ("Y", ""): 1,
        ("X", ""): 1,
        ("", "X"): 1,
        ("", "Y"): 1,
    }


@often
@given(gold=spans, silver=spans, after=spans)
def test_repeated_errors_are_those_that_three_sets_say(
    gold: tuple[Span, ...], silver: tuple[Span, ...], after: tuple[Span, ...]
) -> None:
    found = repeated(
        {"a#0": gold, "b#0": ()}, {"a#0": silver, "c#0": silver}, {"a#0": after, "b#0": after}
    )
    g, s, a = set(gold), set(silver), set(after)
    assert found == (len(s - g), len((s - g) & a), len(s & g), len(s & g & a))
