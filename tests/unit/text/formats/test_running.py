"""Running text as sentences of tokens, which its gold does not shape."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.read import read_file
from sciner.text.formats.running import OVERLAPPING, UNMET, longest, pieces
from sciner.text.formats.segment import sentence_bounds
from sciner.text.spans import Span

few = settings(max_examples=50, deadline=None)


def tokens_of(text: str) -> tuple[str, ...]:
    return tuple(token for piece in pieces(text, whole=True) for token in piece.tokens)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("LSTM-CRF with 3e-5, F0.5", "LSTM-CRF|with|3e-5|,|F0.5"),
        ("12,400 don't don\u2019t a_b", "12,400|don't|don\u2019t|a_b"),
        ("62.3% (NER), a,b", "62.3|%|(|NER|)|,|a|,|b"),
        ("78.2 ± 0.3.", "78.2|±|0.3|."),
        (" \u00a0 ", ""),
        ("the Me\u0301thode de Po\u0308schl", "the|Me\u0301thode|de|Po\u0308schl"),
        ("हिन्दी micro\u00adscopy a\u200bb", "हिन्दी|micro\u00adscopy|a\u200bb"),
        (
            "co\u2060operate \u05d0\u200e\u05d1 na\ufeffno",
            "co\u2060operate|\u05d0\u200e\u05d1|na\ufeffno",
        ),
        ("\ufefffoo \u200ebar \u200b", "\ufeff|foo|\u200e|bar|\u200b"),
        ("x\u0304-y\u0304, (\u2602\ufe0f)", "x\u0304-y\u0304|,|(|\u2602\ufe0f|)"),
        ("m² ½x x‿y", "m²|½x|x|‿|y"),
    ],
)
def test_words_are_joined_inside_and_other_characters_stand_alone(text: str, tokens: str) -> None:
    assert "|".join(tokens_of(text)) == tokens


def test_spans_are_trimmed_and_those_that_cut_a_token_are_dropped() -> None:
    (piece,) = pieces("a BERT-based one", [Span(2, 6, "M"), Span(12, 16, "N")])
    assert (piece.tokens, piece.spans) == (("a", "BERT-based", "one"), (Span(2, 3, "N"),))
    assert (piece.offsets, piece.dropped) == (((0, 1), (2, 12), (13, 16)), ("M",))


OLD = re.compile(r"\w+(?:(?:[-.'\u2019]|(?<=\d),(?=\d))\w+)*|\S")


@few
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Mn", "Mc", "Me", "Cf", "Cn", "Co"]), max_size=30
    )
)
def test_text_without_marks_is_tokenised_as_re_would(text: str) -> None:
    assert list(tokens_of(text)) == OLD.findall(text)


@few
@given(st.text("aé漢1 \u00a0\n-.,'\u2019_%(", max_size=40), st.data())
def test_gold_changes_neither_tokens_nor_sentences(text: str, data: st.DataObject) -> None:
    """And every span is either there with its surface or counted as dropped."""
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [
        Span(a, b, "M") for a, b in zip(edges[::2], edges[1::2], strict=False) if text[a:b].strip()
    ]
    bare, annotated = list(pieces(text)), list(pieces(text, spans))
    assert [(p.tokens, p.offsets) for p in annotated] == [(p.tokens, p.offsets) for p in bare]
    assert "".join(token for p in bare for token in p.tokens) == "".join(text.split())
    assert sum(len(p.spans) + len(p.dropped) for p in annotated) == len(spans)
    found = ["".join(p.tokens[s.start : s.end]) for p in annotated for s in p.spans]
    surfaces = Counter("".join(text[s.start : s.end].split()) for s in spans)
    assert Counter(found) <= surfaces


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ([(0, 9)], "is outside the sentence of 5 characters"),
        ([(-1, 2)], "outside the sentence"),
        ([(2, 2)], "is empty"),
        ([(2, 3)], "covers only white space"),
        ([(0, 4), (3, 5)], "overlaps another"),
    ],
)
def test_a_character_span_without_a_surface_of_its_own_is_refused(
    spans: list[tuple[int, int]], fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        list(pieces("ab cd", [Span(*bounds, "M") for bounds in spans]))


def test_of_spans_that_overlap_the_longest_is_kept() -> None:
    long, inside, beside = Span(2, 9, "A"), Span(2, 4, "B"), Span(9, 10, "B")
    assert longest([beside, inside, long]) == ([long, beside], [inside])


@few
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_bounds_hold_all_text(text: str) -> None:
    assert "".join("".join(text[a:b].split()) for a, b in sentence_bounds(text)) == "".join(
        text.split()
    )


def read(file: Path) -> tuple[list[Sentence], Counter[str]]:
    notes: Counter[str] = Counter()
    return read_file(file, split="test", notes=notes), notes


def test_brat_and_jsonl_are_read_as_if_nobody_had_annotated_them(tmp_path: Path) -> None:
    """Gold that no token border meets, that crosses a sentence's end, or that lies in another is
    dropped and counted."""
    text = "We use pre-trainedBERT models vs.RNNs. It works. It wins."
    spans = {
        "BERT": "A",
        "RNNs": "A",
        "works. It": "B",
        "pre-trainedBERT models": "C",
        "models": "D",
    }
    places = [
        (text.index(surface), text.index(surface) + len(surface), label)
        for surface, label in spans.items()
    ]
    (tmp_path / "gold.txt").write_text(text)
    lines = (f"T{i}\t{c} {a} {b}\t{text[a:b]}\n" for i, (a, b, c) in enumerate(places))
    (tmp_path / "gold.ann").write_text("".join(lines))
    (tmp_path / "bare.txt").write_text(text)
    (tmp_path / "bare.ann").touch()
    disjoint = [place for place in places if place[2] in "AB" and place[0] > 20]
    (tmp_path / "gold.jsonl").write_text(json.dumps({"text": text, "spans": disjoint}))

    bare, _ = read(tmp_path / "bare.txt")
    found, notes = read(tmp_path / "gold.txt")
    assert [s.tokens for s in found] == [s.tokens for s in bare]
    assert len(found) == 3
    assert [s.spans for s in found] == [(Span(2, 4, "C"),), (), ()]
    assert [sorted(s.dropped) for s in found] == [["A", "A", "D"], ["B"], []]
    assert notes == {UNMET: 2, OVERLAPPING: 2}

    rows, notes = read(tmp_path / "gold.jsonl")
    assert [s.tokens for s in rows] == [s.tokens for s in bare]
    assert ([s.dropped for s in rows], notes) == ([("A",), ("B",), ()], {UNMET: 2})


def test_a_text_with_the_id_of_a_sentence_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"id": "d#3", "text": "It works. It wins."}\n{"text": "It works. It wins."}\n'
    )
    found, _ = read(tmp_path / "a.jsonl")
    assert [s.id for s in found] == ["d#3", "test/a#0", "test/a#1"]
