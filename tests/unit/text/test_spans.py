"""Tag codings: every set of spans survives each of them, every sequence of tags can be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.text.spans import (
    SCHEMES,
    Scheme,
    Span,
    decode,
    detect_scheme,
    encode,
    parse_scheme,
    split_tag,
)

LABELS = ("Task", "Method", "Other-Term")  # a dash in a class must not confuse the prefix
TAGS = ("O", *(f"{prefix}-{label}" for prefix in "BIES" for label in LABELS))

any_tags = st.lists(st.sampled_from(TAGS), max_size=12)
any_scheme = st.sampled_from(SCHEMES)
few = settings(max_examples=50, deadline=None)


def legal(tags: list[str], scheme: Scheme) -> list[str]:
    return encode(decode(tags)[0], len(tags), scheme)


@few
@given(any_tags, any_scheme)
def test_spans_survive_every_scheme(tags: list[str], scheme: Scheme) -> None:
    spans, _ = decode(tags)
    assert decode(encode(spans, len(tags), scheme), scheme) == (spans, 0)


@few
@given(any_tags)
def test_the_scheme_decides_what_is_a_repair_and_never_which_spans_are_read(
    tags: list[str],
) -> None:
    assert len({decode(tags, scheme)[0] for scheme in SCHEMES}) == 1


@few
@given(st.lists(any_tags, max_size=4), any_scheme)
def test_the_scheme_detected_in_a_legal_file_repairs_nothing(
    file: list[list[str]], scheme: Scheme
) -> None:
    sequences = [legal(tags, scheme) for tags in file]
    detected = detect_scheme(sequences)
    assert sum(decode(tags, detected)[1] for tags in sequences) == 0


@few
@given(any_tags)
def test_decoding_drops_no_tag_and_invents_none(tags: list[str]) -> None:
    spans, _ = decode(tags)
    inside = {(i, span.label) for span in spans for i in range(span.start, span.end)}
    assert inside == {(i, tag[2:]) for i, tag in enumerate(tags) if tag != "O"}


@pytest.mark.parametrize(
    ("scheme", "tags", "spans", "repairs"),
    [
        ("IOB1", "I-X I-X B-X", [(0, 2), (2, 3)], 0),
        ("IOB1", "B-X I-X O", [(0, 2)], 1),
        ("IOB2", "B-X I-X B-X", [(0, 2), (2, 3)], 0),
        ("IOB2", "O I-X I-X", [(1, 3)], 1),
        ("IOBES", "B-X E-X S-X", [(0, 2), (2, 3)], 0),
        ("IOBES", "B-X I-X O", [(0, 2)], 1),
        ("IOBES", "O E-X I-X", [(1, 2), (2, 3)], 3),  # E- opens, I- opens, I- is never closed
    ],
)
def test_a_tag_out_of_place_is_repaired_as_conlleval_reads_it(
    scheme: Scheme, tags: str, spans: list[tuple[int, int]], repairs: int
) -> None:
    assert decode(tags.split(), scheme) == (tuple(Span(*bounds, "X") for bounds in spans), repairs)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("I-X O I-X", "IOB1"),
        ("B-X O B-X", "IOB2"),
        ("B-X I-X O S-X", "IOBES"),
        ("O O", "IOB2"),
        ("B-X O I-X", "IOB2"),
    ],
)
def test_the_scheme_with_the_fewest_tags_out_of_place_is_detected(
    tags: str, scheme: Scheme
) -> None:
    assert detect_scheme([tags.split()]) == scheme


@pytest.mark.parametrize("spans", [[(0, 2), (1, 3)], [(1, 1)], [(-1, 1)], [(2, 4)]])
def test_spans_that_no_tags_can_hold_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="overlaps another or leaves"):
        encode([Span(*bounds, "X") for bounds in spans], 3)


@pytest.mark.parametrize("tag", ["", "X", "B", "B-", "o", "L-X", "b-X", "-X"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(InputError, match="belongs to no known scheme"):
        split_tag(tag)


def test_a_scheme_is_known_by_its_name_in_any_case() -> None:
    assert [parse_scheme(name.lower()) for name in SCHEMES] == list(SCHEMES)
    with pytest.raises(InputError, match="unknown tag scheme 'IOB3'; did you mean 'IOB"):
        parse_scheme("IOB3")


any_span = st.tuples(st.integers(0, 5), st.integers(1, 3)).map(
    lambda place: Span(place[0], sum(place), "Task")
)


@few
@given(any_span, any_span)
def test_spans_overlap_where_they_share_a_token(a: Span, b: Span) -> None:
    assert a.overlaps(b) == bool({*range(a.start, a.end)} & {*range(b.start, b.end)})
