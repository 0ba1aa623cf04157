"""A text in memory is split as `sciner annotate` splits a file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.serve.text import split
from sciner.text.formats.running import pieces

PARTS = ("We", "use BERT. It", "Me\u0301thode", "\U0001f600", "\0", ".", " ", "\r\n", "\n", "हिन्दी")
few = settings(max_examples=30, deadline=None)
texts = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@few
@given(texts)
def test_sentences_and_tokens_are_those_of_a_file(text: str) -> None:
    found = split(text)
    assert found == [(p.tokens, p.offsets) for p in pieces(text) if p.tokens]
    assert all(text[a:b] == word for s in found for word, (a, b) in zip(*s, strict=True))


@few
@given(texts)
def test_known_tokens_are_kept_in_their_sentences(text: str) -> None:
    tokens = tuple(place for s in split(text) for place in s.offsets)
    assert split(text, tokens) == split(text)
    whole = split(text, tokens, [(0, len(text))])
    assert [place for s in whole for place in s.offsets] == list(tokens)


@pytest.mark.parametrize(
    ("text", "fault"), [("a \ud800", "surrogate at character 2"), ("a " * 2001, "2,001 tokens")]
)
def test_what_no_tagger_can_read_is_refused(text: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        split(text)
