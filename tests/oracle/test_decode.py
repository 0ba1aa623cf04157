from __future__ import annotations

from functools import cache
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.tagger.decode import BLOCK, predictions, viterbi
from sciner.text.corpus import Sentence, tagset
from sciner.text.prediction import Floats
from sciner.text.spans import decode, encode

TAGS = tagset(("Task", "Method"))
I_TASK = TAGS.index("I-Task")


def normal(counts: npt.ArrayLike) -> Floats:
    rows = np.array(counts, dtype=np.float64).reshape(-1, len(TAGS))
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


rows = st.lists(st.integers(0, 9), min_size=len(TAGS), max_size=len(TAGS)).filter(any)
distributions = st.lists(rows, max_size=5).map(normal)


def names(path: npt.NDArray[np.int64]) -> list[str]:
    return [TAGS[k] for k in path]


def legal(tags: list[str]) -> bool:
    """Legal IOB2, said without a transition table: reading the tags' spans and writing them again
    gives the same tags."""
    return encode(decode(tags)[0], len(tags)) == tags


def probability(rows: Floats, path: npt.ArrayLike) -> float:
    return prod(float(row[k]) for row, k in zip(rows, np.asarray(path), strict=True))


@cache
def legal_paths(length: int) -> npt.NDArray[np.int64]:
    """[paths, length]: every legal one."""
    every = product(range(len(TAGS)), repeat=length)
    return np.array([path for path in every if legal([TAGS[k] for k in path])], dtype=np.int64)


@settings(deadline=None)
@given(distributions)
def test_no_legal_sequence_is_more_probable(rows: Floats) -> None:
    """Viterbi finds what a search over all legal tag sequences finds."""
    (path,) = viterbi([rows], TAGS)
    probabilities = rows.astype(np.float64)[np.arange(len(rows)), legal_paths(len(rows))].prod(
        axis=1
    )
    assert probability(rows, path) == pytest.approx(probabilities.max(), rel=1e-9, abs=0)


@given(st.lists(distributions, max_size=4))
def test_what_is_decoded_is_legal(several: list[Floats]) -> None:
    for rows, path in zip(several, viterbi(several, TAGS), strict=True):
        assert len(path) == len(rows)
        assert decode(names(path))[1] == 0


@given(st.lists(st.permutations(range(1, len(TAGS) + 1)), max_size=5).map(normal))
def test_a_legal_argmax_is_kept(rows: Floats) -> None:
    """Where the most probable tags are legal they are the answer; elsewhere ``repairs`` counts the
    tags that differ."""
    argmax = rows.argmax(axis=1)
    (path,) = viterbi([rows], TAGS)
    assert (path == argmax).all() == legal(names(argmax))
    (prediction,) = predictions([Sentence("d#0", ("w",) * len(rows))], [rows], TAGS)
    assert prediction.repairs == sum(a != b for a, b in zip(argmax, path, strict=True))


@given(st.lists(distributions, max_size=5), st.randoms(use_true_random=False))
def test_company_does_not_matter(several: list[Floats], random: object) -> None:
    """Sentences decoded together, in any order, are decoded as each alone (padding)."""
    together = viterbi(several, TAGS)
    order = list(range(len(several)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = dict(zip(order, viterbi([several[i] for i in order], TAGS), strict=True))
    for i, rows in enumerate(several):
        alone = viterbi([rows], TAGS)[0].tolist()
        assert together[i].tolist() == shuffled[i].tolist() == alone


def test_more_sentences_than_a_block_holds() -> None:
    """Blocks change nothing and keep the order."""
    rng = np.random.default_rng(7)
    several = [normal(rng.random((rng.integers(0, 9), len(TAGS)))) for _ in range(2 * BLOCK + 3)]
    together = viterbi(several, TAGS)
    assert [p.tolist() for p in together] == [viterbi([rows], TAGS)[0].tolist() for rows in several]


@given(distributions)
def test_confidence_is_the_probability_of_the_decoded_tag(rows: Floats) -> None:
    sentence = Sentence("d#0", tuple("abcde"[: len(rows)]))
    (prediction,) = predictions([sentence], [rows], TAGS)
    tags = encode(prediction.spans, len(rows))
    assert prediction.confidence.dtype == np.float32
    assert prediction.confidence.tolist() == [
        rows[i, TAGS.index(tag)] for i, tag in enumerate(tags)
    ]
    assert prediction.sentence is sentence and np.array_equal(
        prediction.distribution, rows.astype(np.float16)
    )


def test_a_sentence_without_tokens() -> None:
    """Nothing is said of it, alone or among others."""
    empty, word = normal([]), normal([[1, 8, 1, 1, 1]])
    for several in ([empty], [empty, word, empty], [word, empty]):
        sentences = [Sentence(f"d#{i}", ("w",) * len(rows)) for i, rows in enumerate(several)]
        found = list(predictions(sentences, several, TAGS))
        assert [p.sentence for p in found] == sentences
        assert [(len(p.spans), p.confidence.shape, p.repairs) for p in found] == [
            (len(r), (len(r),), 0) for r in several
        ]
        assert all(p.sentence_confidence("min") == 1.0 for p in found if not p.sentence.tokens)
    assert list(predictions([], [], TAGS)) == []


def test_a_certain_and_impossible_argmax() -> None:
    """A lone I-X of probability 1 is not emitted, though every legal tag has probability 0."""
    (path,) = viterbi([np.eye(len(TAGS), dtype=np.float32)[[I_TASK]]], TAGS)
    assert legal(names(path)) and path.tolist() != [I_TASK]


def test_neighbouring_probabilities_are_told_apart() -> None:
    """float32 logarithms of neighbouring float32 numbers are often the same; a tie would go to
    O."""
    likely = np.linspace(0.3, 0.45, 500, dtype=np.float32)
    rows = np.full((500, len(TAGS)), 0.05, np.float32)
    rows[:, 0], rows[:, TAGS.index("B-Task")] = np.nextafter(likely, np.float32(0)), likely
    assert {names(path)[0] for path in viterbi(list(rows[:, None]), TAGS)} == {"B-Task"}
