"""The gazetteer: forms found longest first, and as sure as training was of them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.tagger.gazetteer.gazetteer import Case, Entry, FittedGazetteer, GazetteerTagger, answer
from sciner.tagger.gazetteer.trie import longest_matches, occurrences, trie_of
from sciner.text.corpus import Example, Sentence, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

LABELS = ("Method", "Task")
TAGS = tagset(LABELS)

words = st.lists(st.sampled_from("abc"), max_size=7).map(tuple)
forms = st.sets(words.filter(len), max_size=6)


def example(
    text: str, *spans: tuple[int, int, str], masked: tuple[int, ...] = (), weight: float = 1.0
) -> Example:
    sentence = Sentence("d#0", tuple(text.split()))
    return Example(
        sentence, tuple(Span(*span) for span in spans), masked=frozenset(masked), weight=weight
    )


def filled(
    *examples: Example, case: Case = "sensitive", labels: tuple[str, ...] = LABELS
) -> FittedGazetteer:
    return GazetteerTagger(case, labels).fit(examples, seed=0)


def look_up(fitted: FittedGazetteer, text: str) -> Prediction:
    (found,) = fitted.predict([Sentence("e#0", tuple(text.split()))])
    return found


# matching


@given(forms, words)
def test_an_occurrence_is_wherever_the_words_are_a_forms(
    found: set[tuple[str, ...]], text: tuple[str, ...]
) -> None:
    slices = [
        (i, k) for i in range(len(text)) for k in range(i + 1, len(text) + 1) if text[i:k] in found
    ]
    assert list(occurrences(trie_of(found), text)) == slices


@given(forms, words)
def test_matches_are_the_longest_from_the_left(
    found: set[tuple[str, ...]], text: tuple[str, ...]
) -> None:
    """They do not overlap; none could begin earlier in a gap, and none could be longer."""
    matches = list(longest_matches(trie_of(found), text))
    every, free = list(occurrences(trie_of(found), text)), 0
    for start, end in matches:
        assert start >= free and not any(free <= i < start for i, _ in every)
        assert end == max(k for i, k in every if i == start)
        free = end
    assert not any(i >= free for i, _ in every)


def test_the_longest_form_wins_and_is_looked_for_from_the_left() -> None:
    fitted = filled(
        example("entity recognition", (0, 2, "Task")),
        example("entity recognition systems", (0, 3, "Method")),
        example("named entity", (0, 2, "Method")),
    )
    assert look_up(fitted, "entity recognition systems").spans == ((0, 3, "Method"),)
    assert look_up(fitted, "entity recognition system").spans == ((0, 2, "Task"),)
    assert look_up(fitted, "named entity recognition").spans == ((0, 2, "Method"),)
    assert look_up(fitted, "named things").spans == ()


def test_the_most_frequent_class_of_a_form_wins_and_of_equals_the_first() -> None:
    method, task = example("parsing", (0, 1, "Method")), example("parsing", (0, 1, "Task"))
    assert look_up(filled(task, method, task), "parsing").spans == ((0, 1, "Task"),)
    assert look_up(filled(task, method), "parsing").spans == ((0, 1, "Method"),)
    assert look_up(filled(task, method, labels=("Task", "Method")), "parsing").spans == (
        (0, 1, "Task"),
    )


def test_case_is_a_key() -> None:
    training = example("BERT", (0, 1, "Method"))
    assert look_up(filled(training), "Bert").spans == ()
    assert look_up(filled(training, case="insensitive"), "Bert").spans == ((0, 1, "Method"),)


# confidences


def test_a_form_is_as_sure_as_it_was_often_a_span_of_its_class() -> None:
    """(n + 1) / (N + 2): two of four occurrences, one without annotation and one inside of another
    span."""
    fitted = filled(
        example("a model here", (1, 2, "Method")),
        example("a model there", (1, 2, "Method")),
        example("a model"),
        example("the topic model", (1, 3, "Method")),
    )
    assert look_up(fitted, "model").confidence.tolist() == pytest.approx([3 / 6])
    assert look_up(fitted, "topic model").confidence.tolist() == pytest.approx([2 / 3, 2 / 3])


@given(st.lists(st.integers(0, 9), min_size=2, max_size=2).filter(any), st.integers(0, 30))
def test_an_answer_is_a_distribution_over_both_kinds_of_its_words(
    counts: list[int], plain: int
) -> None:
    found = answer(Entry(sum(counts) + plain, tuple(map(float, counts))), LABELS)
    for row, kind in ((found.first, "B"), (found.inner, "I")):
        assert row.sum() == pytest.approx(1) and (row >= 0).all()
        assert row[TAGS.index(f"{kind}-{found.label}")] == found.confidence
        assert {tag for tag, p in zip(TAGS, row, strict=True) if p > 0} == {
            "O",
            f"{kind}-Method",
            f"{kind}-Task",
        }


def test_a_word_that_no_form_matches_is_O_as_surely_as_forms_come_again() -> None:
    """A span whose form was annotated once counts as one that no dictionary knew; one that came
    again does not."""
    again = filled(
        example("we use Adam", (2, 3, "Method")), example("Adam is used", (0, 1, "Method"))
    )
    once = filled(
        example("we use Adam", (2, 3, "Method")), example("Ada is used", (0, 1, "Method"))
    )
    assert look_up(again, "unseen").confidence[0] == pytest.approx((4 + 1) / (4 + len(TAGS)))
    assert look_up(once, "unseen").confidence[0] == pytest.approx((4 + 1) / (6 + len(TAGS)))
    assert look_up(once, "unseen").distribution[0, TAGS.index("B-Method")] == pytest.approx(
        3 / 11, abs=1e-3
    )


def test_an_unsure_form_is_still_a_span_and_counts_as_a_repair() -> None:
    """Which of them to believe is the threshold's affair."""
    fitted = filled(example("model", (0, 1, "Method")), *[example("model")] * 9)
    found = look_up(fitted, "model")
    assert found.spans == ((0, 1, "Method"),) and found.repairs == 1
    assert found.confidence.tolist() == pytest.approx([2 / 12])


def test_a_weight_counts_like_as_many_sentences() -> None:
    halves = [example("model here", (0, 1, "Method")), example("model", (0, 1, "Task"), weight=3.0)]
    found = look_up(filled(*halves), "model")
    assert found.spans == ((0, 1, "Task"),) and found.confidence.tolist() == pytest.approx(
        [(3 + 1) / (4 + 2)]
    )


# masks


@pytest.mark.parametrize("masked", [(0,), (1,), (2,)])
def test_a_mask_on_a_form_or_right_behind_it_hides_it(masked: tuple[int, ...]) -> None:
    known, hidden = (
        example("deep parsing", (0, 2, "Task")),
        example("deep parsing works", (0, 2, "Task"), masked=masked),
    )
    assert look_up(filled(hidden, example("we")), "deep parsing").spans == ()
    assert look_up(filled(hidden, known), "deep parsing").confidence[0] == pytest.approx(2 / 3)


def test_a_mask_elsewhere_does_not() -> None:
    partly = example("deep parsing works well", (0, 2, "Task"), masked=(3,))
    assert look_up(filled(partly), "deep parsing").spans == ((0, 2, "Task"),)


# folders and size


def test_a_folder_holds_json_alone_whatever_the_words(tmp_path: Path) -> None:
    fitted = filled(
        example('Größe "x\\ \u2028', (0, 2, "Method")),
        replace(example("日本 we", (0, 1, "Task")), weight=0.1),
    )
    fitted.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["gazetteer.json"]
    again = GazetteerTagger("sensitive", LABELS).restore(tmp_path, fitted.report)
    assert again == fitted


def test_a_report_has_tokens_and_no_steps() -> None:
    report = filled(example("we use Adam", (2, 3, "Method"))).report
    assert (report.steps, report.tokens, report.losses) == (0, 3, ())


@pytest.mark.slow
def test_100000_sentences_take_seconds() -> None:
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"w{i}" for i in range(20_000)])
    texts = vocabulary[rng.zipf(1.3, size=(100_000, 25)) % len(vocabulary)].tolist()
    examples = [
        Example(Sentence(f"d#{i}", tuple(t)), (Span(3, 5, "Task"), Span(9, 10, "Method")))
        for i, t in enumerate(texts)
    ]
    began = time.perf_counter()
    fitted = filled(*examples)
    assert sum(1 for _ in fitted.predict([e.sentence for e in examples])) == 100_000
    assert time.perf_counter() - began < 60
