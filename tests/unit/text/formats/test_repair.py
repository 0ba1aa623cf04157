"""Repairs that are asked for: counted, and the gold moves with its tokens."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.read import read_file
from sciner.text.formats.repair import Repair
from sciner.text.spans import Span

METHOD = Span(2, 3, "Method")


def read(file: Path, *repair: Repair) -> tuple[list[Sentence], Counter[str]]:
    notes: Counter[str] = Counter()
    return read_file(file, split="train", notes=notes, repair=repair), notes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.conll", "We O\n  O\nuse O\n\u00a0 O\nBERT B-Method\n"),
        ("a.tsv", "We\tO\n\tO\nuse\tO\n \tO\nBERT\tB-Method\n"),
        (
            "a.jsonl",
            json.dumps({"tokens": ["We", " ", "use", "", "BERT"], "spans": [[4, 5, "Method"]]}),
        ),
        (
            "a.jsonl",
            json.dumps(
                {"tokens": ["We", " ", "use", "", "BERT"], "tags": ["O", "O", "O", "O", "B-Method"]}
            ),
        ),
    ],
)
def test_blank_tokens_are_refused_or_dropped(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=r"white space"):
        read(tmp_path / name)
    (sentence,), notes = read(tmp_path / name, "drop_blank_tokens")
    assert (sentence.tokens, sentence.spans) == (("We", "use", "BERT"), (METHOD,))
    assert notes == {"blank tokens dropped": 2}


def test_a_mask_moves_with_its_tokens_and_a_span_of_blanks_goes(tmp_path: Path) -> None:
    row = {"tokens": ["a", " ", "b", "c"], "spans": [[1, 2, "X"], [2, 3, "Y"]], "masked": [3]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    (sentence,), _ = read(tmp_path / "a.jsonl", "drop_blank_tokens")
    assert (sentence.spans, sentence.masked) == ((Span(1, 2, "Y"),), {2})


@pytest.mark.parametrize("form", ["tokens", "text"])
def test_of_overlapping_spans_the_longest_is_kept(tmp_path: Path, form: str) -> None:
    rows = {
        "tokens": {"tokens": ["a", "b", "c"], "spans": [[0, 1, "X"], [0, 3, "Y"], [2, 3, "X"]]},
        "text": {"text": "a b c", "spans": [[0, 1, "X"], [0, 5, "Y"], [4, 5, "X"]]},
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(rows[form]))
    with pytest.raises(
        InputError, match=r"overlaps another; keep one of them, or add data.repair=longest_span"
    ):
        read(tmp_path / "a.jsonl")
    (sentence,), notes = read(tmp_path / "a.jsonl", "longest_span")
    assert (sentence.spans, sentence.dropped) == ((Span(0, 3, "Y"),), ("X", "X"))
    assert notes == {"overlapping spans dropped": 2}


def test_a_paper_in_one_block_is_split_into_its_sentences(tmp_path: Path) -> None:
    """Numbered anew; a span that crosses an end is dropped and counted; nothing else is lost."""
    sentence = "We O\ntrain O\nBERT B-Method\n. O\n"
    (tmp_path / "a.conll").write_text(sentence * 700 + "It O\nwins O\n")
    with pytest.raises(
        InputError,
        match=r"a.conll:1: a sentence of 2,802 tokens; .*data.repair=split_sentences",
    ):
        read(tmp_path / "a.conll")
    found, notes = read(tmp_path / "a.conll", "split_sentences")
    assert [s.id for s in found] == [f"train/a#{i}" for i in range(701)]
    assert {(s.tokens, s.spans) for s in found[:700]} == {(("We", "train", "BERT", "."), (METHOD,))}
    assert notes == {"sentences split": 1}

    row = {"tokens": ["We", "win", ".", "We", "lose", "."], "spans": [[2, 4, "X"], [5, 6, "Y"]]}
    (tmp_path / "b.jsonl").write_text(json.dumps(row))
    found, notes = read(tmp_path / "b.jsonl", "split_sentences")
    assert [(s.spans, s.dropped) for s in found] == [((), ("X",)), ((Span(2, 3, "Y"),), ())]
    assert notes == {
        "sentences split": 1,
        "spans dropped: they cut a token or cross a sentence's end": 1,
    }
