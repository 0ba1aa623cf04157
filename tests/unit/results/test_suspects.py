"""Suspects are read back as they were written, and their sentences by the reader of gold."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.results.suspects import read_suspects, write_suspects
from sciner.score.errors import Kind
from sciner.score.suspects import Suspect, Suspected
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import read_jsonl
from sciner.text.spans import Span

TOKENS = ("Ünder", '"', "we", "train", "BERT")
GOLD = Suspected(
    Example(Sentence("train/a#0", TOKENS), (Span(2, 4, "Task"),)),
    (Suspect(Kind.WRONG_CLASS, Span(2, 4, "Task"), Span(2, 4, "Méthode"), 0.0625, 0.5),),
)
SILVER = Suspected(
    Example(Sentence("train/b#0", TOKENS), (Span(0, 1, "Task"),), "silver", 2, (), frozenset({3})),
    (
        Suspect(Kind.SPURIOUS, Span(0, 1, "Task"), None, 0.125, 0.75),
        Suspect(Kind.MISSED, None, Span(4, 5, "Task"), 0.25, 0.5),
    ),
)


def test_what_is_written_is_read_back_in_its_order(tmp_path: Path) -> None:
    write_suspects(tmp_path / "suspects.jsonl", [SILVER, GOLD])
    assert read_suspects(tmp_path / "suspects.jsonl") == [SILVER, GOLD]


def test_the_file_is_gold_as_it_was_trained_on(tmp_path: Path) -> None:
    write_suspects(tmp_path / "suspects.jsonl", [SILVER, GOLD])
    silver, gold = read_jsonl(tmp_path / "suspects.jsonl", split="train", notes=Counter())
    assert (gold.id, gold.tokens, gold.spans) == ("train/a#0", TOKENS, (Span(2, 4, "Task"),))
    assert (silver.spans, silver.masked) == ((Span(0, 1, "Task"),), {3})


SHARES = st.floats(0, 1, width=16)


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), SHARES), min_size=1))
def test_any_class_and_any_probability_survive(
    tmp_path: Path, found: list[tuple[str, float]]
) -> None:
    suspects = tuple(Suspect(Kind.MISSED, None, Span(0, 1, label), p, p) for label, p in found)
    write_suspects(tmp_path / "s.jsonl", [Suspected(GOLD.example, suspects)])
    (back,) = read_suspects(tmp_path / "s.jsonl")
    assert [s.suggested for s in back.suspects] == [s.suggested for s in suspects]
    assert [s.p_given for s in back.suspects] == pytest.approx([p for _, p in found], abs=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": "a#0", "tokens": ["a"], "spans": []}',
        '{"id": "a#0", "tokens": ["a"], "spans": [], "source": "gold", "round": 0, "suspects": []}',
        '{"id": "a#0", "tokens": ["a"], "spans": [], "source": "gold", "round": 0, "suspects": '
        '[{"kind": "missed", "given": null, "suggested": null, "p_given": 0, "p_suggested": 1}]}',
        '{"id": "a#0", "tokens": ["a"], "spans": [], "source": "gold", "round": 0, "suspects": '
        '[{"kind": "missed", "given": null, "suggested": [0, 2, "T"], "p_given": 0, '
        '"p_suggested": 1}]}',
    ],
)
def test_another_file_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "suspects.jsonl"
    write_suspects(file, [GOLD])
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    with pytest.raises(InputError, match=r"suspects\.jsonl:2: this is not a file of suspects"):
        read_suspects(file)
