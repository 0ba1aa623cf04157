"""Printed lines become running text: nothing but line ends and hyphens is lost, and pages are
known."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.text.formats.lines import Line, cleaned, running_text

few = settings(max_examples=50, deadline=None)
words = st.text(alphabet="aBé1-\u2010\u00ad \t\x02\ufb01.(\u2028\x00\ud800", max_size=12)
sizes = st.sampled_from([0.0, 8.0, 10.0, float("nan")])
lines = st.builds(Line, words, sizes, st.integers(-5, 60).map(lambda n: 12.0 * n))
pages = st.lists(st.lists(lines, max_size=6), max_size=3)


def of(*texts: str, size: float = 10, distance: float = 12) -> list[Line]:
    return [Line(text, size, 700 - i * distance) for i, text in enumerate(texts)]


@few
@given(printed=pages)
def test_every_other_character_stays_and_is_on_its_page(printed: list[list[Line]]) -> None:
    running = running_text(printed)
    bare = re.compile(r"[\s\u2010\u00ad-]")
    ends = [*running.pages, len(running.text)][1:]
    assert len(running.pages) == len(printed)
    assert running.text.splitlines() == running.text.split("\n")[:-1]  # no other line ends
    for number, (page, start, end) in enumerate(
        zip(printed, running.pages, ends, strict=True), start=1
    ):
        shown = running.text[start:end]
        assert bare.sub("", shown) == bare.sub("", "".join(cleaned(line.text) for line in page))
        assert all(running.page(i) == number for i in range(start, end))
    assert running.empty_pages() == sum(
        start == end for start, end in zip(running.pages, ends, strict=True)
    )


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (("We use a con-", "volution."), "We use a convolution."),
        (("Self-training is self-", "training."), "Self-training is self-training."),
        (("A state-of-the-", "art self-train-", "ing."), "A state-of-the-art self-train-ing."),
        (("We do self-train-", "ing, not training."), "We do self-training, not training."),
        (("The Bi-", "LSTM of COVID-", "19."), "The Bi-LSTM of COVID-19."),
        (("Pre-", "and post-processing."), "Pre- and post-processing."),
        (("A range 3 -", "5 or a dash --", "here."), "A range 3 - 5 or a dash -- here."),
        (("An ef\ufb01cient \ufb02ow", "is a\ufb03ne."), "An efficient flow is affine."),
        (("hy\x02", "phen hy\u00ad", "phen"), "hyphen hyphen"),
    ],
)
def test_words_that_are_divided_at_a_line_end_are_joined(
    printed: tuple[str, ...], expected: str
) -> None:
    assert running_text([of(*printed)]).text == expected + "\n"


def test_a_paragraph_ends_where_size_or_distance_change_and_at_the_end_of_a_page() -> None:
    title, body = [Line("A title", 14, 720)], [*of("one", "two", "three"), Line("four", 10, 640)]
    column = [Line("five", 10, 700), Line("six", 10, 688)]
    running = running_text([title + body + column, of("seven")])
    assert running.text == "A title\none two three\nfour five six\nseven\n"
    assert running.pages == (0, running.text.index("seven"))


def test_exponents_and_marks_of_footnotes_end_nothing() -> None:
    printed = [Line("We use 10", 10, 700), Line("3", 7, 704), Line("steps.", 10, 700)]
    printed += [Line("They help.", 10, 688), Line("1", 7, 692), Line("So we add more.", 10, 676)]
    assert running_text([printed]).text == "We use 10 3 steps. They help. 1 So we add more.\n"
