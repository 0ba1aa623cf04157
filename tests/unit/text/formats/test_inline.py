"""Spans marked in place."""

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
from sciner.text.formats.running import UNMET
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
def test_marks_become_character_spans_and_escapes_their_characters(
    line: str, text: str, spans: list[tuple[int, int]]
) -> None:
    assert parse_inline(line) == (text, tuple(Span(*bounds, "M") for bounds in spans))


@few
@given(
    st.text(alphabet="ab []\\", max_size=20),
    st.text(alphabet="ab []\\", min_size=1).map(lambda s: f"x{s}"),
)
def test_any_text_can_be_marked_once_its_brackets_are_escaped(before: str, surface: str) -> None:
    def escape(text: str) -> str:
        return re.sub(r"([\[\\])", r"\\\1", text)

    text, spans = parse_inline(f"{escape(before)} [{escape(surface)}](M)")
    assert text == f"{before} {surface}"
    assert spans == (Span(len(before) + 1, len(text), "M"),)


@pytest.mark.parametrize(
    "line", ["[a", "a](M)", "[a]", "[a] (M)", "[a [b](M)](M)", "[a](M", "a\\", r"\a", "[a](b c(d))"]
)
def test_a_bracket_or_backslash_out_of_place_is_refused(line: str) -> None:
    with pytest.raises(InputError, match=r"stray .* at column \d+; a span is \[surface\]\(Label\)"):
        parse_inline(line)


def test_a_paper_is_its_title_and_a_sentence_a_line(tmp_path: Path) -> None:
    paper = tmp_path / "a-paper.md"
    paper.write_text("# [Fold](M): a title\n\n## A section\nWe use [BERT](M)-based [tags](M).\n")
    notes: Counter[str] = Counter()
    title, sentence = read_paper(paper, labels=["M"], notes=notes)
    assert (title.id, title.tokens, title.spans) == (
        "a-paper#0",
        ("Fold", ":", "a", "title"),
        (Span(0, 1, "M"),),
    )
    assert (sentence.id, sentence.spans, sentence.dropped) == (
        "a-paper#1",
        (Span(3, 4, "M"),),
        ("M",),
    )
    assert notes == {UNMET: 1}


def test_the_shipped_papers_follow_their_guideline() -> None:
    labels = re.findall(
        r"^\| (\w+Name|\w+Value) \|",
        (SAMPLE / "GUIDELINE.md").read_text("utf-8"),
        flags=re.MULTILINE,
    )
    notes: Counter[str] = Counter()
    papers = [
        read_paper(path, labels=labels, notes=notes) for path in (SAMPLE / "papers").glob("*.md")
    ]
    assert len(labels) == 7
    assert all(any(sentence.spans for sentence in paper) for paper in papers)
    assert not notes  # every span is one that a tagger can find
