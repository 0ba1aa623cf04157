"""A suspect is where a prediction contradicts a label; it is as bad as the label is improbable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.score.errors import Kind
from sciner.score.suspects import Suspected, places_of, probabilities, suspects_of
from sciner.tagger.decode import predictions
from sciner.text.corpus import Example, Sentence, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import Span, decode, encode

LABELS = ("Method", "Task")
TAGS = tagset(LABELS)


def predicted(*tags: str, sure: float = 0.75) -> Prediction:
    """Each token's tag has the probability ``sure``; the others share the rest."""
    rows = np.full((len(tags), len(TAGS)), (1 - sure) / (len(TAGS) - 1), dtype=np.float32)
    rows[np.arange(len(tags)), [TAGS.index(tag) for tag in tags]] = sure
    (found,) = predictions([Sentence("d#0", tuple("abcdefgh"[: len(tags)]))], [rows], TAGS)
    return found


def labelled(p: Prediction, *spans: Span, masked: frozenset[int] = frozenset()) -> Example:
    return Example(p.sentence, spans, masked=masked)


@pytest.mark.parametrize(
    ("spans", "kind", "labelled_as", "suggestion"),
    [
        ([Span(0, 2, "Task")], Kind.WRONG_CLASS, Span(0, 2, "Task"), Span(0, 2, "Method")),
        ([Span(1, 3, "Method")], Kind.WRONG_BOUNDARY, Span(1, 3, "Method"), Span(0, 2, "Method")),
        ([], Kind.MISSED, None, Span(0, 2, "Method")),
    ],
)
def test_the_kind_says_what_is_wrong_with_the_label(
    spans: list[Span], kind: Kind, labelled_as: Span | None, suggestion: Span
) -> None:
    p = predicted("B-Method", "I-Method", "O")
    (found,) = suspects_of(labelled(p, *spans), p, LABELS)
    assert found[:3] == (kind, labelled_as, suggestion)
    assert found.p_given == pytest.approx(0.0625, abs=1e-3) and found.p_suggested == 0.75


def test_a_label_where_nothing_is_predicted_is_spurious() -> None:
    p = predicted("O", "O", "O")
    (found,) = suspects_of(labelled(p, Span(1, 2, "Task")), p, LABELS)
    assert found[:3] == (Kind.SPURIOUS, Span(1, 2, "Task"), None)


def test_what_is_agreed_on_is_a_place_and_no_suspect() -> None:
    p = predicted("B-Method", "I-Method", "O")
    example = labelled(p, Span(0, 2, "Method"))
    assert suspects_of(example, p, LABELS) == []
    (place,) = places_of(example, p, LABELS)
    assert place.kind == Kind.RIGHT and place.p_given == place.p_suggested == 0.75


def test_the_least_probable_label_comes_first() -> None:
    p = predicted("O", "O", "O", "O")
    rows = p.distribution.copy()
    rows[3, TAGS.index("B-Task")] = 0.01
    doubted = Prediction(p.sentence, p.spans, rows, p.confidence)
    found = suspects_of(labelled(p, Span(0, 1, "Task"), Span(3, 4, "Task")), doubted, LABELS)
    assert [s.given for s in found] == [Span(3, 4, "Task"), Span(0, 1, "Task")]
    assert Suspected(labelled(p), tuple(found)).p_given == found[0].p_given


def test_tokens_that_nobody_vouches_for_are_no_errors() -> None:
    p = predicted("B-Method", "I-Method", "O", "B-Task")
    example = labelled(p, Span(3, 4, "Method"), masked=frozenset({1}))
    (found,) = suspects_of(example, p, LABELS)
    assert found.given == Span(3, 4, "Method")
    rejected = labelled(p, Span(0, 2, "Task"), masked=frozenset({0, 3}))
    assert suspects_of(rejected, p, LABELS) == []


TAGGED = st.lists(st.sampled_from(TAGS), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(TAGGED, TAGGED, st.randoms(use_true_random=False))
def test_every_span_is_judged_once_and_no_suspect_is_outside_its_sentence(
    given_tags: list[str], other: list[str], rng: object
) -> None:
    length = min(len(given_tags), len(other))
    spans, suggested = (decode(tags[:length])[0] for tags in (given_tags, other))
    p = predicted(*encode(suggested, length))
    found = places_of(labelled(p, *spans), p, LABELS)
    assert sorted(s.given for s in found if s.given) == list(spans)
    assert sorted(s.suggested for s in found if s.suggested) == list(p.spans)
    assert all(s.p_given <= s.p_suggested for s in found)  # all suggestions are the likeliest here
    assert all((s.kind == Kind.RIGHT) == (s.given == s.suggested) for s in found)


@pytest.mark.slow
def test_the_worst_token_of_a_sentence_is_cleanlabs() -> None:
    """Where a sentence is one span, what it is worth is cleanlab's score of the sentence."""
    rank = pytest.importorskip("cleanlab.token_classification.rank")
    rng = np.random.default_rng(0)
    rows = [rng.dirichlet(np.ones(len(TAGS)), n).astype(np.float16) for n in (1, 3, 7)]
    judged, tags = [], []
    for n, row in enumerate(rows):
        sentence = Sentence(f"d#{n}", tuple("abcdefg"[: len(row)]))
        judged.append(Prediction(sentence, (), row, row.max(axis=1)))
        tags.append(encode([Span(0, len(row), "Task")], len(row)))
    numbers = [[TAGS.index(tag) for tag in of] for of in tags]
    scores, per_token = rank.get_label_quality_scores(
        numbers, [row.astype(float) for row in rows], sentence_score_method="min"
    )
    for p, score, tokens in zip(judged, scores, per_token, strict=True):
        span = Span(0, len(p.sentence.tokens), "Task")
        (found,) = suspects_of(labelled(p, span), p, LABELS)
        assert found.p_given == pytest.approx(score)
        assert probabilities([span], p, LABELS).tolist() == pytest.approx(list(tokens))
