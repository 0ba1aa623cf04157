"""Spans marked in place, and running text as tokens."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sciner.text
from sciner.errors import InputError
from sciner.text.formats.inline import parse_inline, read_paper
from sciner.text.formats.tokenise import tokenise
from sciner.text.spans import Span

SAMPLE = Path(sciner.text.__file__).parent / "sample"
few = settings(max_examples=50, deadline=None)


@pytest.mark.parametrize(
    ("line", "text", "spans"),
    [
        ("We use [Adam](M).", "We use Adam.", [(7, 11)]),
        ("[a b](M)[c](M)", "a bc", [(0, 3), (3, 4)]),
        (r"cite \[1] and (0, 1] here", "cite [1] and (0, 1] here", []),
        (r"a\\b [x\[0]](M) (see)", r"a\b x[0] (see)", [(4, 8)]),
        ("", "", []),
    ],
)
def test_marks_become_character_spans_and_escapes_their_characters(line: str, text: str, spans: list[tuple[int, int]]) -> None:
    assert parse_inline(line) == (text, tuple(Span(*bounds, "M") for bounds in spans))


@few
@given(st.text(alphabet="ab []\\", max_size=20), st.text(alphabet="ab []\\", min_size=1).map(lambda s: f"x{s}"))
def test_any_text_can_be_marked_once_its_brackets_are_escaped(before: str, surface: str) -> None:
    def escape(text: str) -> str:
        return re.sub(r"([\[\\])", r"\\\1", text)

    text, spans = parse_inline(f"{escape(before)} [{escape(surface)}](M)")
    assert text == f"{before} {surface}"
    assert spans == (Span(len(before) + 1, len(text), "M"),)


@pytest.mark.parametrize("line", ["[a", "a](M)", "[a]", "[a] (M)", "[a [b](M)](M)", "[a](M", "a\\", r"\a", "[a](b c(d))"])
def test_a_bracket_or_backslash_out_of_place_is_refused(line: str) -> None:
    with pytest.raises(InputError, match=r"stray .* at column \d+; a span is \[surface\]\(Label\)"):
        parse_inline(line)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("LSTM-CRF with 3e-5, F0.5", "LSTM-CRF|with|3e-5|,|F0.5"),
        ("12,400 don't don\u2019t a_b", "12,400|don't|don\u2019t|a_b"),
        ("62.3% (NER), a,b", "62.3|%|(|NER|)|,|a|,|b"),
        ("78.2 ± 0.3.", "78.2|±|0.3|."),
        (" \u00a0 ", ""),
    ],
)
def test_words_are_joined_inside_and_other_characters_stand_alone(text: str, tokens: str) -> None:
    assert "|".join(tokenise(text)[0]) == tokens


def test_a_span_edge_inside_a_token_splits_it_and_is_counted() -> None:
    assert tokenise("a BERT-based one", [Span(2, 6, "M")]) == (("a", "BERT", "-based", "one"), (Span(1, 2, "M"),), 1)
    assert tokenise("a BERT one", [Span(1, 7, "M")]) == (("a", "BERT", "one"), (Span(1, 2, "M"),), 0)


@few
@given(st.text("aé漢1 \u00a0\n-.,'\u2019_%(", max_size=30), st.data())
def test_tokens_cover_all_but_white_space_and_spans_keep_their_surface(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    spans = [Span(start, end, "M")] if text[start:end].strip() else []
    tokens, found, _ = tokenise(text, spans)
    assert "".join(tokens) == "".join(text.split())
    for span in found:
        assert "".join(tokens[span.start : span.end]) == "".join(text[start:end].split())


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ([(0, 9)], "leaves the sentence of 5 characters"),
        ([(-1, 2)], "leaves the sentence"),
        ([(2, 2)], "is empty"),
        ([(2, 3)], "covers only white space"),
        ([(0, 4), (3, 5)], "overlaps another"),
    ],
)
def test_a_character_span_without_a_surface_of_its_own_is_refused(spans: list[tuple[int, int]], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        tokenise("ab cd", [Span(*bounds, "M") for bounds in spans])


def test_a_paper_is_its_title_and_a_sentence_a_line(tmp_path: Path) -> None:
    paper = tmp_path / "a-paper.md"
    paper.write_text("# [Fold](M): a title\n\n## A section\nWe use [BERT](M)-based tags.\n")
    notes: Counter[str] = Counter()
    title, sentence = read_paper(paper, labels=["M"], notes=notes)
    assert (title.id, title.tokens, title.spans) == ("a-paper#0", ("Fold", ":", "a", "title"), (Span(0, 1, "M"),))
    assert (sentence.id, sentence.spans) == ("a-paper#1", (Span(2, 3, "M"),))
    assert notes == {"tokens split at a span edge": 1}


def test_the_shipped_papers_follow_their_guideline() -> None:
    labels = re.findall(r"^\| (\w+Name|\w+Value) \|", (SAMPLE / "GUIDELINE.md").read_text("utf-8"), flags=re.MULTILINE)
    notes: Counter[str] = Counter()
    papers = [read_paper(path, labels=labels, notes=notes) for path in (SAMPLE / "papers").glob("*.md")]
    assert len(labels) == 7
    assert all(any(sentence.spans for sentence in paper) for paper in papers)
    assert not notes  # a split token would leak the annotation into the tokens
