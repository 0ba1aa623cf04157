from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate.evaluator import Evaluator
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from seqscore.encoding import get_encoding
from seqscore.scoring import ClassificationScore, score_sequence_mentions

from sciner.score.entity import entity_counts, entity_scores
from sciner.score.names import escaped
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, encode

LABELS = ("Task", "Method", "Method-", "-Method")  # names that seqeval would take for one
LENGTH = 8
Spans = tuple[Span, ...]


def sentence(index: int, spans: Spans, length: int = LENGTH, document: str = "d") -> Sentence:
    return Sentence(f"{document}#{index}", ("w",) * length, spans)


@st.composite
def span_sets(draw: st.DrawFn, labels: Sequence[str] = LABELS) -> Spans:
    """Spans that do not overlap: cut the sentence at random places and label some of the pieces."""
    cuts = sorted(draw(st.sets(st.integers(0, LENGTH), max_size=5)))
    pieces = [(a, b, draw(st.sampled_from((*labels, "")))) for a, b in pairwise(cuts)]
    return tuple(Span(*piece) for piece in pieces if piece[2])


corpora = st.lists(st.tuples(span_sets(), span_sets()), max_size=6)
plain = st.lists(st.tuples(*[span_sets(("Task", "Other-Term"))] * 2), max_size=6)


def brute_force(gold: Sequence[Spans], predicted: Sequence[Spans]) -> dict[str, float]:
    """The definition, span by span."""
    true = [(i, span) for i, spans in enumerate(gold) for span in spans]
    pred = [(i, span) for i, spans in enumerate(predicted) for span in spans]
    classes = sorted({span.label for _, span in true})
    scores: dict[str, float] = {}

    def figures(name: str, wanted: list[str] | None) -> None:
        t = [x for x in true if wanted is None or x[1].label in wanted]
        p = [x for x in pred if wanted is None or x[1].label in wanted]
        hits = sum(x in t for x in p)
        below = {"precision": len(p), "recall": len(t), "f1": (len(p) + len(t)) / 2}
        scores.update({f"{figure}/{name}": hits / n for figure, n in below.items() if n})

    figures("micro", None)
    for label in classes:
        figures(label, [label])
        scores[f"support/{label}"] = sum(span.label == label for _, span in true)
    for figure in ("precision", "recall", "f1") if classes else ():
        values = [scores.get(f"{figure}/{label}", 0.0) for label in classes]
        scores[f"{figure}/macro"] = sum(values) / len(values)
    return scores


@given(corpora)
def test_scores_equal_a_count_by_hand(corpus: list[tuple[Spans, Spans]]) -> None:
    """Every figure is what counting span by span gives, without a warning and in plain floats."""
    gold, predicted = [a for a, _ in corpus], [b for _, b in corpus]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = entity_scores([sentence(i, spans) for i, spans in enumerate(gold)], predicted)
    assert scores == pytest.approx(brute_force(gold, predicted))
    assert all(type(value) is float for value in scores.values())


@given(corpora.filter(lambda corpus: any(a for a, _ in corpus)))
@settings(max_examples=30)
def test_nervaluate_and_seqscore_agree(corpus: list[tuple[Spans, Spans]]) -> None:
    """Two scorers that share no code with seqeval give the same micro figures and the same F1 a
    class."""
    scores = entity_scores(
        [sentence(i, a) for i, (a, _) in enumerate(corpus)], [b for _, b in corpus]
    )
    true, pred = ([encode(pair[side], LENGTH) for pair in corpus] for side in (0, 1))

    strict = Evaluator(true, pred, tags=list(LABELS), loader="list").evaluate()
    theirs = strict["overall"]["strict"]
    assert (theirs.precision, theirs.recall, theirs.f1) == pytest.approx(
        [scores.get(f"{figure}/micro", 0.0) for figure in ("precision", "recall", "f1")]
    )
    bio, counted = get_encoding("BIO"), ClassificationScore()
    for a, b in zip(true, pred, strict=True):
        score_sequence_mentions(
            bio.decode_labels(b), bio.decode_labels(a), counted, tokens=["w"] * LENGTH
        )
    assert counted.f1 == pytest.approx(scores["f1/micro"])
    for label in {span.label for spans, _ in corpus for span in spans}:
        assert counted.type_scores[label].f1 == pytest.approx(scores[f"f1/{label}"])
        assert strict["entities"][label]["strict"].f1 == pytest.approx(scores[f"f1/{label}"])


def test_predicted_only_class_counts_in_micro_alone() -> None:
    """A class that only the prediction has is a false positive in micro, and macro and the keys
    know nothing of it."""
    scores = entity_scores(
        [sentence(0, (Span(0, 2, "Task"),))], [(Span(0, 2, "Task"), Span(4, 5, "Method"))]
    )
    assert (scores["precision/micro"], scores["recall/micro"]) == (0.5, 1.0)
    assert scores["f1/macro"] == scores["precision/macro"] == scores["f1/Task"] == 1.0
    assert not [key for key in scores if "Method" in key]


@given(plain.filter(bool))
def test_both_readings_of_seqeval_agree_on_legal_tags(corpus: list[tuple[Spans, Spans]]) -> None:
    """On what spans.encode writes, strict IOB2 and conlleval's reading are one number."""
    true, pred = ([encode(pair[side], LENGTH) for pair in corpus] for side in (0, 1))
    strict = f1_score(true, pred, mode="strict", scheme=IOB2, zero_division=0)
    assert strict == pytest.approx(f1_score(true, pred, zero_division=0))


def test_the_readings_part_on_illegal_tags() -> None:
    """Without legal tags the two readings contradict each other: a hit by conlleval is a miss by
    strict IOB2."""
    true, pred = [["B-A", "I-A"]], [["I-A", "I-A"]]
    assert f1_score(true, pred) == 1.0
    assert f1_score(true, pred, mode="strict", scheme=IOB2, zero_division=0) == 0.0


def test_duplicates_count_each_time() -> None:
    """The same sentence twice counts twice, in the scores and in the counts a document."""
    spans, half = (Span(0, 1, "Task"), Span(2, 3, "Task")), (Span(0, 1, "Task"),)
    gold = [sentence(0, spans), sentence(1, spans)]
    assert entity_scores(gold, [spans, half])["support/Task"] == 4
    assert entity_scores(gold, [spans, half])["recall/micro"] == 0.75
    assert entity_counts(gold, [spans, half]).tolist() == [[3, 3, 4]]


@given(corpora.filter(bool))
def test_counts_sum_to_the_micro_figure(corpus: list[tuple[Spans, Spans]]) -> None:
    """The counts of documents, in order of appearance, add up to the micro F1 of the whole."""
    gold = [sentence(i, a, document=f"d{i % 2}") for i, (a, _) in enumerate(corpus)]
    predicted = [b for _, b in corpus]
    counts = entity_counts(gold, predicted)
    assert counts.shape == (min(2, len(corpus)), 3) and counts.dtype == np.int64
    assert counts[0].tolist() == entity_counts(gold[::2], predicted[::2])[0].tolist()
    correct, spans, wanted = counts.sum(axis=0)
    scores = entity_scores(gold, predicted)
    assert ("f1/micro" in scores) == bool(spans + wanted)
    assert 2 * correct / max(spans + wanted, 1) == pytest.approx(scores.get("f1/micro", 0.0))


@pytest.mark.parametrize("score", [entity_scores, entity_counts])
def test_what_cannot_be_scored_is_refused(score: object) -> None:
    """Different lengths and missing gold raise; an empty set does not."""
    assert callable(score)
    with pytest.raises(ValueError):
        score([sentence(0, ())], [])
    with pytest.raises(ValueError, match="d#0"):
        score([sentence(0, ()).withheld()], [()])
    assert len(score([], [])) == 0


@pytest.mark.parametrize("label", ["micro", "macro", "rare", "micro_low", "token_weighted", "C++"])
def test_a_class_is_never_mixed_with_an_average(label: str) -> None:
    """Whatever a class is called, it has figures of its own, and the averages are those of their
    counts."""
    gold = [
        sentence(0, (Span(0, 2, label), Span(3, 4, "Task"))),
        sentence(1, (Span(0, 1, "Task"),)),
    ]
    scores = entity_scores(gold, [(Span(0, 2, label), Span(3, 4, "Task")), ()])
    assert scores["f1/micro"] == pytest.approx(4 / 5) and scores["f1/macro"] == pytest.approx(
        (1 + 2 / 3) / 2
    )
    assert scores[f"f1/{escaped(label)}"] == 1 and scores["f1/Task"] == pytest.approx(2 / 3)


@pytest.mark.slow
def test_a_million_tokens_in_five_seconds() -> None:
    """Scoring never costs a round: 1 M tokens take 5 s or less (the test allows twice that on a
    busy machine)."""
    rng = np.random.default_rng(0)

    def spans() -> Spans:
        cuts = np.sort(rng.choice(26, size=8, replace=False)).tolist()
        return tuple(Span(cuts[i], cuts[i + 1], LABELS[rng.integers(3)]) for i in range(0, 8, 2))

    true = [spans() for _ in range(40_000)]
    gold = [sentence(i, these, 25) for i, these in enumerate(true)]
    predicted = [these if rng.random() < 0.5 else spans() for these in true]
    start = time.perf_counter()
    entity_scores(gold, predicted)
    taken = time.perf_counter() - start
    print(f"1 M tokens, {sum(map(len, true))} gold spans: {taken:.2f} s")
    assert taken < 10
