"""Training and pool sentences that stand in dev or test."""

from __future__ import annotations

import pytest

from sciner.text.corpus import Corpus, Sentence
from sciner.text.leaks import Guard, guard


def sentences(split: str, *texts: str) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(f"{split}/d#{i}", tuple(text.split()), ()) for i, text in enumerate(texts)
    )


CORPUS = Corpus(
    "c",
    ("Method",),
    sentences(
        "train", "We use Adam .", "3 Results", "We USE adam .", "Dev has this too", "We use SGD ."
    ),
    sentences("test", "we use adam .", "3 results"),
    sentences("dev", "Dev has this too"),
)
REPORTED = {"training sentences that are also in dev or test": 3}
DROPPED = {"training sentences dropped, because they are also in dev or test": 3}


@pytest.mark.parametrize(
    ("how", "left", "notes"),
    [
        ("none", [0, 1, 2, 3, 4], {}),
        ("report", [0, 1, 2, 3, 4], REPORTED),
        ("drop", [1, 4], DROPPED),
    ],
)
def test_a_guard_reports_or_drops_whatever_its_case(
    how: Guard, left: list[int], notes: dict[str, int]
) -> None:
    guarded = guard(CORPUS, how, min_tokens=4)
    assert guarded.train == tuple(CORPUS.train[i] for i in left)
    assert guarded.notes == notes
    assert (guarded.dev, guarded.test) == (CORPUS.dev, CORPUS.test)


def test_short_sentences_leak_only_where_they_count() -> None:
    assert guard(CORPUS, "report", min_tokens=1).notes.total() == 4
    assert guard(CORPUS, "report", min_tokens=5) == CORPUS


@pytest.mark.parametrize(
    ("how", "left", "note"),
    [
        ("none", [0, 1, 2], None),
        ("report", [0, 1, 2], "unlabelled sentences that are also in dev or test"),
        ("drop", [1], "unlabelled sentences dropped, because they are also in dev or test"),
    ],
)
def test_the_pool_leaks_as_training_sentences_do(
    how: Guard, left: list[int], note: str | None
) -> None:
    """Even if it is tokenised differently."""
    texts = ("We use Adam.", "We use SGD .", "See ( Kim , 2014 ) !")
    test = sentences("test", "We use Adam .", "see -LRB- Kim , 2014 -RRB- !")
    corpus = Corpus("c", ("Method",), (), test, unlabelled=sentences("unlabelled", *texts))
    guarded = guard(corpus, how, min_tokens=3)
    assert guarded.unlabelled == tuple(corpus.unlabelled[i] for i in left)
    assert guarded.notes == ({note: 2} if note else {})
