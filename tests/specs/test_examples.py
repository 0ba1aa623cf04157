"""The annotated corpus of a round is read back as what the round was trained on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.policy.threshold.accept import Threshold, accept
from sciner.policy.threshold.base import Granularity
from sciner.policy.threshold.constant import Fixed
from sciner.text.corpus import Example, gold_example, reading_order, tags_of
from sciner.text.formats.conll import write_examples_conll
from sciner.text.formats.jsonl import read_examples_jsonl, write_examples_jsonl
from sciner.text.formats.read import read_file
from sciner.text.spans import Span
from tests.fakes import FakeTagger, small_corpus

CORPUS = small_corpus(4, 2)
GOLD = [gold_example(s) for s in CORPUS.train]
PREDICTED = list(FakeTagger(CORPUS.labels).fit(GOLD[:40], seed=0).predict(CORPUS.test))


def trained_on(granularity: Granularity, bar: float) -> list[Example]:
    silver = accept(
        lambda: PREDICTED, Threshold(Fixed(bar), granularity, "min"), gold_empty_rate=1, round=1
    )
    return reading_order([*GOLD[:40], *silver])


def seen(examples: list[Example]) -> list[object]:
    """What a fit sees of its training set."""
    return [
        (
            e.sentence.tokens,
            [None if i in e.masked else tag for i, tag in enumerate(tags_of(e))],
            e.weight,
        )
        for e in examples
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@settings(max_examples=25, deadline=None)
@given(granularity=st.sampled_from(["sentence", "span", "token"]), bar=st.floats(0, 1))
def test_what_is_read_is_what_the_round_was_trained_on(
    folder: Path, granularity: Granularity, bar: float
) -> None:
    """Of every file, by the corpus reader too; but for what is left of spans that were accepted in
    part, which only ``read_examples_jsonl`` knows."""
    examples = trained_on(granularity, bar)
    write_examples_jsonl(folder / "annotated.jsonl", examples)
    write_examples_conll(folder / "annotated.conll", examples)

    again = read_examples_jsonl(folder / "annotated.jsonl")
    assert seen(again) == seen(examples)

    for name in ("annotated.jsonl", "annotated.conll"):
        read = read_file(folder / name, split="train", notes=Counter())
        assert [s.spans for s in read] == [e.accepted() for e in examples]
        if granularity != "token":
            assert seen(map_gold(read)) == seen(examples)
        for sentence, example in zip(read, examples, strict=True):
            assert sentence.masked >= example.masked
            assert sentence.masked.isdisjoint(
                i for s in sentence.spans or () for i in range(s.start, s.end)
            )


def map_gold(sentences: object) -> list[Example]:
    return [gold_example(s) for s in sentences]  # type: ignore[attr-defined]


def test_documents_stand_together_in_reading_order(tmp_path: Path) -> None:
    """The CoNLL file has as many documents as the corpus, the JSON lines have their names."""
    shuffled = GOLD[::-2] + GOLD[-2::-2]
    write_examples_jsonl(tmp_path / "a.jsonl", reading_order(shuffled))
    write_examples_conll(tmp_path / "a.conll", reading_order(shuffled))
    found = read_file(tmp_path / "a.jsonl", split="train", notes=Counter())
    assert [s.id for s in found] == [s.id for s in CORPUS.train]
    documents = {
        s.document for s in read_file(tmp_path / "a.conll", split="train", notes=Counter())
    }
    assert len(documents) == len({s.document for s in CORPUS.train})


def test_a_masked_span_is_no_gold_whoever_wrote_it(tmp_path: Path) -> None:
    row = '{"tokens": ["a", "b", "c"], "spans": [[0, 1, "X"], [1, 3, "Y"]], "masked": [2]}'
    (tmp_path / "a.jsonl").write_text(row)
    (sentence,) = read_file(tmp_path / "a.jsonl", split="train", notes=Counter())
    assert (sentence.spans, sentence.masked) == ((Span(0, 1, "X"),), {1, 2})
    assert gold_example(sentence).masked == {1, 2}


@pytest.mark.parametrize("masked", ["[3]", '["a"]', "1", "[true]"])
def test_a_mask_of_no_tokens_is_refused(tmp_path: Path, masked: str) -> None:
    row = f'{{"tokens": ["a", "b", "c"], "spans": [], "masked": {masked}}}'
    (tmp_path / "a.jsonl").write_text(row)
    with pytest.raises(InputError, match=r'a.jsonl:1: "masked" is not a list of token positions'):
        read_file(tmp_path / "a.jsonl", split="train", notes=Counter())
