"""What a model answers comes to spans of the sentence, or is counted; nothing is guessed."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.tagger.llm.answer import Mention, Reading, align, occurrences, read_answer, votes
from sciner.text.spans import Span, decode

LABELS = ("Method", "Task")
TOKENS = ("BERT", "beats", "LSTM", "-", "CRF", "and", "BERT", "wins")
words = st.lists(st.sampled_from(["a", "b", "ab", "ba", "B", "-"]), min_size=1, max_size=12)
mentions = st.lists(
    st.builds(Mention, st.text("abB- ", max_size=5), st.sampled_from(LABELS)), max_size=8
)


@st.composite
def annotated(draw: st.DrawFn) -> tuple[list[str], tuple[Span, ...]]:
    tokens = draw(words)
    tags = ["O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI")]
    size = len(tokens)
    found, _ = decode(draw(st.lists(st.sampled_from(tags), min_size=size, max_size=size)))
    return tokens, found


def text(tokens: list[str], span: Span) -> str:
    return " ".join(tokens[span.start : span.end])


@given(annotated())
def test_whatever_is_told_in_order_is_found_whole(case: tuple[list[str], tuple[Span, ...]]) -> None:
    """Each mention has a place, with its text and class, in the order of telling."""
    tokens, gold = case
    spans, faults = align([Mention(text(tokens, s), s.label) for s in gold], tokens)
    assert not faults
    assert [(text(tokens, s).replace(" ", ""), s.label) for s in spans] == [
        (text(tokens, s).replace(" ", ""), s.label) for s in gold
    ]


@given(annotated(), st.randoms())
def test_texts_that_stand_once_are_found_in_any_order(
    case: tuple[list[str], tuple[Span, ...]], random: st.randoms
) -> None:
    tokens, gold = case
    once = [s for s in gold if len(list(occurrences(text(tokens, s), tokens))) == 1]
    told = [Mention(text(tokens, s), s.label) for s in once]
    random.shuffle(told)
    assert align(told, tokens) == (tuple(once), Counter())


@given(words, mentions)
def test_nothing_is_invented_and_nothing_is_lost_uncounted(
    tokens: list[str], told: list[Mention]
) -> None:
    """Spans are of the sentence, apart from each other, and have the text and class of a
    mention."""
    spans, faults = align(told, tokens)
    assert len(spans) + faults.total() == len(told)
    assert all(0 <= s.start < s.end <= len(tokens) for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    said = Counter((m.text.replace(" ", ""), m.label) for m in told)
    assert Counter((text(tokens, s).replace(" ", ""), s.label) for s in spans) <= said


@pytest.mark.parametrize(
    ("told", "spans", "faults"),
    [
        ([("BERT", "Method"), ("BERT", "Method")], [(0, 1), (6, 7)], {}),
        ([("BERT", "Method")] * 3, [(0, 1), (6, 7)], {"overlapping": 1}),
        ([("LSTM-CRF", "Method"), ("BERT", "Task")], [(2, 5), (6, 7)], {}),
        ([("wins", "Task"), ("beats", "Task")], [(1, 2), (7, 8)], {}),  # another order
        ([("LSTM-CRF", "Method"), ("CRF", "Method")], [(2, 5)], {"overlapping": 1}),
        ([("RoBERTa", "Method"), ("BER", "Method"), ("", "Task")], [], {"unaligned": 3}),
        ([("bert", "Method"), ("BERT", "Person")], [], {"unaligned": 1, "unknown_class": 1}),
    ],
)
def test_awkward_mentions(
    told: list[tuple[str, str]], spans: list[tuple[int, int]], faults: dict[str, int]
) -> None:
    answer = json.dumps({"entities": [{"text": t, "label": label} for t, label in told]})
    for content in (answer, f"```json\n{answer}\n```"):
        read = read_answer(content, "stop", TOKENS, LABELS)
        assert [s[:2] for s in read.spans] == spans
        assert read.usable and read.faults == faults


@pytest.mark.parametrize(
    ("content", "finish", "fault"),
    [
        (None, "stop", "refused"),
        ("", "stop", "refused"),
        ("", "length", "truncated"),
        ('{"entities": []}', "content_filter", "refused"),
        ('{"entities": [{"text": "BERT", "la', "length", "truncated"),
        ("I found BERT.", "stop", "malformed"),
        ('{"entities": [{"text": "BERT"}]}', "stop", "malformed"),
        ('{"entities": "BERT"}', "stop", "malformed"),
        ("[" * 100_000, "stop", "malformed"),
    ],
)
def test_an_answer_without_the_wanted_form_says_nothing(
    content: str | None, finish: str, fault: str
) -> None:
    read = read_answer(content, finish, TOKENS, LABELS)
    assert (read.spans, read.usable, read.faults) == ((), False, {fault: 1})


def test_votes_are_shares_of_the_usable_answers() -> None:
    yes, no, refused = Reading((Span(0, 2, "Task"),)), Reading(), Reading(usable=False)
    rows = votes([yes, yes, no, refused], 3, LABELS)  # O, B-Method, I-Method, B-Task, I-Task
    expected = [[1 / 3, 0, 0, 2 / 3, 0], [1 / 3, 0, 0, 0, 2 / 3], [1, 0, 0, 0, 0]]
    assert np.allclose(rows, expected)
    assert np.allclose(votes([refused], 2, LABELS), 1 / 5)
