"""Unseen mentions and rare classes: a part of the spans, scored as the whole is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sciner.loop.outcomes import Predicted
from sciner.loop.steps.runner import StepRunner
from sciner.loop.steps.unseen_entities import UnseenEntities
from sciner.score.entity import entity_scores
from sciner.score.unseen_entities import rare_classes, surface_forms, unseen_entity_scores
from sciner.store.disk import DiskStore
from sciner.text.corpus import Corpus, Sentence, gold_example
from sciner.text.prediction import Prediction
from sciner.text.spans import Span
from tests.fakes import FakeTagger, small_corpus

BOUGHT = [
    Sentence("b#0", ("Hidden", "Markov", "models", "parse"), (Span(0, 3, "Method"),)),
    Sentence("b#1", ("parse",)),
]
GOLD = [
    Sentence(
        "d#0",
        ("hidden", "markov", "MODELS", "for", "parsing"),
        (Span(0, 3, "Method"), Span(4, 5, "Task")),
    ),
    Sentence("d#1", ("markov", "chains", "parse"), (Span(0, 2, "Method"), Span(2, 3, "Task"))),
]
PREDICTED = [
    # the seen form with another class; an unseen one, right
    (Span(0, 3, "Task"), Span(4, 5, "Task")),
    (Span(0, 1, "Method"),),  # an unseen form that is no entity
]


def predict(corpus: Corpus) -> Iterator[Prediction]:
    """Of its test sentences, by a tagger of its train ones."""
    fitted = FakeTagger(corpus.labels).fit([gold_example(s) for s in corpus.train], seed=0)
    return fitted.predict(corpus.test)


def test_spans_count_where_their_surface_form_stands_on_both_sides() -> None:
    """Seen: one gold span, one predicted, none right. Unseen: three gold, two predicted, one right.
    Of Task one of two."""
    scores = unseen_entity_scores(GOLD, PREDICTED, surface_forms(BOUGHT), ["Task"])
    assert scores == {
        "unseen/precision": 1 / 2, "unseen/recall": 1 / 3, "unseen/f1": 2 / 5, "unseen/spans": 3.0,
        "seen/precision": 0.0, "seen/recall": 0.0, "seen/f1": 0.0, "seen/spans": 1.0,
        "f1/rare": 2 / 4,
    }  # fmt: skip


def test_when_nothing_was_seen_and_every_class_is_rare_the_part_is_the_whole() -> None:
    corpus = small_corpus()
    spans = [p.spans for p in predict(corpus)]
    scores, whole = (
        unseen_entity_scores(corpus.test, spans, (), corpus.labels),
        entity_scores(corpus.test, spans),
    )
    assert [scores[f"unseen/{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(
        [whole[f"{name}/micro"] for name in ("precision", "recall", "f1")]
    )
    assert scores["f1/rare"] == scores["unseen/f1"] > 0
    assert "seen/f1" not in scores and scores["seen/spans"] == 0


def test_what_has_no_denominator_is_absent() -> None:
    assert unseen_entity_scores([], [], (), ()) == {"unseen/spans": 0.0, "seen/spans": 0.0}


def test_a_class_is_rare_by_its_share_of_the_bought_gold_also_when_it_has_none() -> None:
    assert rare_classes({"Task": 0.9501, "Metric": 0.0499}, ["Metric", "Task", "Tool"]) == (
        "Metric",
        "Tool",
    )
    assert rare_classes({"Task": 0.95, "Metric": 0.05}, ["Metric", "Task"]) == ()
    # no gold span at all: nothing is known of any class
    assert rare_classes({}, ["Metric", "Task"]) == ()


def test_predictions_that_are_known_are_looked_at_anew_when_other_gold_was_bought(
    tmp_path: Path,
) -> None:
    corpus = small_corpus(2, 1)
    steps = StepRunner(FakeTagger(corpus.labels), DiskStore(tmp_path / "store"), corpus.labels)
    made = Predicted("predict-v1-a", corpus.test, 0.0, lambda: predict(corpus))
    asked = [
        (frozenset(), ()),
        (surface_forms(corpus.test), ()),
        (frozenset(), corpus.labels),
        (frozenset(), ()),
    ]
    found = [steps.run(UnseenEntities(corpus.test, made, seen, rare)) for seen, rare in asked]
    assert [done.hit for done in steps.taken] == [False, False, False, True]
    assert found[0] == found[3] and len({tuple(scores.items()) for scores in found}) == 3
