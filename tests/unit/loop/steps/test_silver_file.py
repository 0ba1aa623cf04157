"""Accepted silver in its file: as JSON's own library spells it, and read as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.loop.steps.silver_file import read_rows, read_silver, row_of, write_silver
from sciner.text.corpus import UNMASKED, Example, Sentence
from sciner.text.spans import Span

SCORES = {"accepted_share": 0.25, 'spans/ü, "accepted": [': 3.0}
IDS = ("d#0", 'ü", "accepted": [[#1', "]}#2")


@st.composite
def examples(draw: st.DrawFn) -> list[Example]:
    found = []
    for id in draw(st.lists(st.sampled_from(IDS), unique=True)):
        label = draw(st.sampled_from(["Task", '], "', "ü"]))
        spans = draw(st.sampled_from([(), (Span(0, 1, label),), (Span(0, 1, label),) * 2]))
        sure = tuple(draw(st.lists(st.floats(0, 1), min_size=len(spans), max_size=len(spans))))
        masked = draw(st.sampled_from([UNMASKED, frozenset({0}), frozenset({1, 0})]))
        weight = draw(st.floats(0.1, 2))
        found.append(Example(Sentence(id, ("a", "b")), spans, "silver", 3, sure, masked, weight))
    return found


@given(examples())
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, made: list[Example]
) -> None:
    file = tmp_path_factory.getbasetemp() / "silver.json"
    write_silver(file, SCORES, iter(made))
    rows = [row_of(e) for e in made]
    text = json.dumps({"scores": SCORES, "accepted": rows}, ensure_ascii=False, allow_nan=False)
    assert file.read_text(encoding="utf-8") == text
    scores, found = read_silver(file, {e.sentence.id: e.sentence for e in made})
    assert (scores, list(found)) == (SCORES, made)


def test_no_shorter_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "silver.json"
    made = [Example(Sentence(id, ("a",)), (Span(0, 1, "Task"),), "silver") for id in IDS]
    write_silver(file, SCORES, made)
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        with pytest.raises(ValueError):
            list(read_rows(file)[1])


def test_what_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_silver(tmp_path / "silver.json", {"f1": float("nan")}, [])
