"""BRAT: what is written is read again, and what annotators draw becomes disjoint spans within
sentences."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.brat import read_brat, write_brat
from sciner.text.formats.read import read_files
from sciner.text.formats.running import UNMET
from sciner.text.spans import Span, decode

TAGS = ("O", "B-Method", "I-Method", "B-Metric", "I-Metric")
words = st.lists(st.from_regex(re.compile("[a-zé]{1,5}"), fullmatch=True), min_size=1, max_size=5)


@st.composite
def corpora(draw: st.DrawFn) -> list[Sentence]:
    """Sentences of plain words with gold, of one or two documents."""
    found = []
    for document in range(draw(st.integers(1, 2))):
        for i, tokens in enumerate(draw(st.lists(words, min_size=1, max_size=3))):
            tags = draw(st.lists(st.sampled_from(TAGS), min_size=len(tokens), max_size=len(tokens)))
            found.append(Sentence(f"train/paper.{document}#{i}", tuple(tokens), decode(tags)[0]))
    return found


def read(folder: Path, text: str, *annotations: str) -> tuple[list[Sentence], Counter[str]]:
    (folder / "x.txt").write_text(text, encoding="utf-8", newline="")
    (folder / "x.ann").write_text("".join(f"{line}\n" for line in annotations), encoding="utf-8")
    notes: Counter[str] = Counter()
    return read_brat(folder / "x.txt", split="train", notes=notes), notes


@settings(max_examples=40, deadline=None)
@given(sentences=corpora())
def test_brat_gives_back_the_sentences_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[Sentence]
) -> None:
    folder = tmp_path_factory.mktemp("brat")
    write_brat(folder, sentences)
    notes: Counter[str] = Counter()
    assert list(read_files(folder / "train", split="train", notes=notes)) == sentences
    assert not notes


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence("d#0", ("New York",), ()),
        Sentence("d#0", (), ()),
        Sentence("d#0", ("a",), (), frozenset({0})),
        Sentence("d#0", ("a",), (Span(0, 1, "a b"),)),
        Sentence("../d#0", ("a",), ()),
        Sentence("/d#0", ("a",), ()),
    ],
    ids=repr,
)
def test_brat_refuses_what_it_cannot_hold(tmp_path: Path, sentence: Sentence) -> None:
    with pytest.raises(ValueError, match="BRAT cannot hold"):
        write_brat(tmp_path / "in", [sentence])
    assert not list(tmp_path.iterdir())


def test_text_without_gold_is_written_to_be_annotated(tmp_path: Path) -> None:
    write_brat(tmp_path, [Sentence("d#0", ("We", "use", "Adam"))])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "d.ann": "",
        "d.txt": "We use Adam\n",
    }


def test_text_is_split_into_sentences_and_tokens_with_all_its_lines(tmp_path: Path) -> None:
    text = "A title\r\n\r\nWe use Adam (v. 2). It works, cf. Fig. 3.\n"
    found, notes = read(
        tmp_path,
        text,
        "T1\tMethod 16 20\tAdam",
        "T2\tMetric 43 46\tFig",
        "#1\tAnnotatorNotes T1\tyes",
    )
    assert [" ".join(s.tokens) for s in found] == [
        "A title",
        "We use Adam ( v . 2 ) .",
        "It works , cf . Fig . 3 .",
    ]
    assert [s.spans for s in found] == [(), (Span(2, 3, "Method"),), (Span(5, 6, "Metric"),)]
    assert [s.id for s in found] == ["train/x#0", "train/x#1", "train/x#2"]
    assert not notes


def test_a_discontinuous_span_reaches_from_its_first_fragment_to_its_last(tmp_path: Path) -> None:
    found, notes = read(tmp_path, "left and right wing", "T1\tPart 0 4;15 19\tleft wing")
    assert found[0].spans == (Span(0, 4, "Part"),)
    assert notes == {"discontinuous spans made whole": 1}


@pytest.mark.parametrize(
    ("annotations", "kept"),
    [
        (("T1\tA 0 3\tone", "T2\tB 0 7\tone two"), Span(0, 2, "B")),  # nested: the longer
        (("T1\tA 4 13\ttwo three", "T2\tB 0 7\tone two"), Span(1, 3, "A")),  # crossing: the longer
        # equally long: the first in the file
        (("T2\tB 4 7\ttwo", "T1\tA 4 7\ttwo"), Span(1, 2, "B")),
    ],
)
def test_of_overlapping_spans_the_longest_stays(
    tmp_path: Path, annotations: tuple[str, ...], kept: Span
) -> None:
    found, notes = read(tmp_path, "one two three", *annotations)
    assert found[0].spans == (kept,)
    assert notes == {"overlapping spans dropped": 1}


def test_a_span_is_trimmed_and_one_that_cuts_a_token_is_dropped(tmp_path: Path) -> None:
    found, notes = read(tmp_path, "pre-trained on it", "T1\tA 0 3\tpre", "T2\tB 11 15\t on ")
    assert found[0].tokens == ("pre-trained", "on", "it")
    assert (found[0].spans, found[0].dropped) == ((Span(1, 2, "B"),), ("A",))
    assert notes == {UNMET: 1}


@pytest.mark.parametrize("line_end", [1, 2])
def test_offsets_may_count_a_windows_line_end_as_one_character_or_two(
    tmp_path: Path, line_end: int
) -> None:
    """Whatever the tool counted: every span stands where its text is."""
    begin = 12 + line_end
    found, _ = read(
        tmp_path,
        "We use BERT.\r\nIt reads text.\r\n",
        "T1\tM 7 11\tBERT",
        f"T2\tN {begin + 9} {begin + 13}\ttext",
    )
    assert [s.spans for s in found] == [(Span(2, 3, "M"),), (Span(2, 3, "N"),)]


def test_offsets_that_fit_neither_way_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"x.ann:2: the text has .xt.* there, not 'text'; count characters from 0",
    ):
        read(
            tmp_path, "We use BERT.\r\nIt reads text.\r\n", "T1\tM 7 11\tBERT", "T2\tN 24 28\ttext"
        )


def test_suffixes_may_be_upper_case(tmp_path: Path) -> None:
    (tmp_path / "A.TXT").write_text("Abc def")
    (tmp_path / "A.ANN").write_text("T1\tX 0 3\tAbc\n")
    for path in (tmp_path, tmp_path / "A.TXT", tmp_path / "A.ANN"):
        (sentence,) = read_files(path, split="train", notes=Counter())
        assert sentence.spans == (Span(0, 1, "X"),)


def test_one_file_of_a_pair_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "x.ann").touch()
    (tmp_path / "y.txt").write_text("We\n")
    with pytest.raises(InputError, match=r"x.txt: cannot be read \(No such file or directory\)"):
        read_files(tmp_path / "x.ann", split="train", notes=Counter())
    with pytest.raises(
        InputError,
        match=r"y.ann: no annotations beside the text; if there are none, create an empty file",
    ):
        read_files(tmp_path / "y.txt", split="train", notes=Counter(), format="brat")


def test_a_folder_with_annotations_is_brat_and_its_pairs_count_once(tmp_path: Path) -> None:
    write_brat(
        tmp_path,
        [Sentence("a#0", ("We",), ()), Sentence("b#0", ("Adam",), (Span(0, 1, "Method"),))],
    )
    (tmp_path / "annotation.conf").write_text("[entities]\nMethod\n")
    for paths in (
        tmp_path,
        tmp_path / "*",
        tmp_path / "*.ann",
        tmp_path / "?.txt",
        [tmp_path / "a.ann", tmp_path / "b.txt"],
    ):
        found = read_files(paths, split="train", notes=Counter())  # type: ignore[arg-type]
        assert [(s.id, len(s.spans or ())) for s in found] == [("train/a#0", 0), ("train/b#0", 1)]
