"""What the annotator labels first is a matter of ids, text and seed; more of it is never other than
before."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.policy.seed import Amount, Order, Split, permutation, split
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

few = settings(max_examples=15, deadline=None)
every_order = pytest.mark.parametrize("order", get_args(Order))
seeds = st.integers(0, 2**32 - 1)

# 5 documents of 12 sentences: ids do not sort as they are read (#10 before #2), lengths repeat, a
# third has no entity
TRAIN = [
    Sentence(
        f"d{d}#{i}",
        tuple("wordy"[: 1 + i * (d + 2) % 5]),
        () if i % 3 == 0 else (Span(0, 1, "Task"),),
    )
    for d in range(5)
    for i in range(12)
]
OWN_DEV = [replace(s, id=f"dev/{s.id}") for s in TRAIN[:20]]
TOTAL = len(TRAIN)


def cut(
    seed_size: int | str,
    dev_size: int | str = 0,
    *,
    order: Order = "random",
    seed: int = 0,
    limit: int | None = None,
) -> Split:
    amounts = {"seed_size": Amount.parse(seed_size), "dev_size": Amount.parse(dev_size)}
    return split(TRAIN, [], seed=seed, order=order, limit=limit, **amounts)


# Seed sets of one seed


@every_order
@few
@given(seed=seeds, size=st.integers(1, TOTAL))
def test_a_seed_set_is_a_prefix_of_every_larger_one(order: Order, seed: int, size: int) -> None:
    assert (
        cut(size, order=order, seed=seed).seed_set
        == cut("100%", order=order, seed=seed).seed_set[:size]
    )


@every_order
@few
@given(seed=seeds, size=st.integers(1, TOTAL), data=st.data())
def test_dev_comes_from_the_tail_and_leaves_the_seed_set_as_it_was(
    order: Order, seed: int, size: int, data: st.DataObject
) -> None:
    """Dev grows from the far end, so that a larger dev holds a smaller one too."""
    held = data.draw(st.integers(0, TOTAL - size))
    whole = permutation(TRAIN, order, seed)
    parts = cut(size, held, order=order, seed=seed)
    assert parts.seed_set == cut(size, order=order, seed=seed).seed_set
    assert parts.dev == tuple(whole[TOTAL - held :])


@every_order
@few
@given(
    seed=seeds, limit=st.integers(1, TOTAL + 5), size=st.integers(50, 100), held=st.integers(0, 100)
)
def test_seed_set_pool_and_dev_partition_the_first_sentences_up_to_the_limit(
    order: Order, seed: int, limit: int, size: int, held: int
) -> None:
    parts = cut(f"{size}%", f"{held}%", order=order, seed=seed, limit=limit)
    assert [*parts.seed_set, *parts.pool, *parts.dev] == permutation(TRAIN, order, seed)[:limit]


def test_a_dev_split_of_the_corpus_own_leaves_the_training_sentences_whole() -> None:
    """Its sample is nested too: a larger one begins with a smaller one."""
    sizes = {"seed_size": Amount(10), "seed": 3, "order": "random"}
    small, large = (split(TRAIN, OWN_DEV, dev_size=Amount(n), **sizes) for n in (4, 9))  # type: ignore[arg-type]
    assert small.seed_set == large.seed_set == cut(10, seed=3).seed_set
    assert small.pool == large.pool == cut(10, seed=3).pool
    assert (len(small.dev), len(large.dev)) == (4, 9) and set(large.dev) <= set(OWN_DEV)
    assert large.dev[:4] == small.dev


def test_a_share_is_of_what_the_limit_leaves_and_for_dev_of_the_rest() -> None:
    parts = cut("20%", "25%", limit=40)
    assert (len(parts.seed_set), len(parts.pool), len(parts.dev)) == (8, 24, 8)


# The permutation


@every_order
@few
@given(seed=seeds, shuffle=seeds)
def test_the_order_of_the_input_does_not_matter(order: Order, seed: int, shuffle: int) -> None:
    """With `document`, sentences keep the reading order of their document, which only the input can
    tell."""
    given_so = random.Random(shuffle).sample(TRAIN, TOTAL)
    if order == "document":
        first_seen = list(dict.fromkeys(s.document for s in given_so))
        given_so = sorted(TRAIN, key=lambda s: first_seen.index(s.document))
    assert permutation(given_so, order, seed) == permutation(TRAIN, order, seed)


@every_order
def test_seed_0_is_a_seed_like_any_other(order: Order) -> None:
    """Two calls agree, and another seed gives another order."""
    assert permutation(TRAIN, order, 0) == permutation(TRAIN, order, 0)
    assert len({tuple(s.id for s in permutation(TRAIN, order, seed)) for seed in range(8)}) > 4


@few
@given(seed=seeds)
def test_document_takes_whole_documents_as_they_are_read(seed: int) -> None:
    found = permutation(TRAIN, "document", seed)
    documents = list(dict.fromkeys(s.document for s in found))
    assert found == [s for name in documents for s in TRAIN if s.document == name]


@few
@given(seed=seeds)
def test_length_and_oracle_are_the_random_order_sorted_by_one_thing(seed: int) -> None:
    """Longest first, or sentences with entities first; ties fall as in `random`."""
    shuffled = permutation(TRAIN, "random", seed)
    lengths = range(5, 0, -1)
    assert permutation(TRAIN, "length", seed) == [
        s for n in lengths for s in shuffled if len(s.tokens) == n
    ]
    filled, empty = [s for s in shuffled if s.spans], [s for s in shuffled if not s.spans]
    assert permutation(TRAIN, "oracle_entities", seed) == filled + empty


@every_order
@few
@given(seed=seeds, shuffle=seeds)
def test_only_the_oracle_looks_at_labels(order: Order, seed: int, shuffle: int) -> None:
    """Labels permuted among the sentences, or taken away, move nothing else."""
    labels = random.Random(shuffle).sample([s.spans for s in TRAIN], TOTAL)
    swapped = [replace(s, spans=spans) for s, spans in zip(TRAIN, labels, strict=True)]
    bare = [s.withheld() for s in TRAIN]
    as_is, with_other, with_none = (
        [s.id for s in permutation(text, order, seed)] for text in (TRAIN, swapped, bare)
    )
    if order == "oracle_entities":
        entities = {s.id for s in TRAIN if s.spans}
        assert set(as_is[: len(entities)]) == entities  # first, and without labels as in `random`
        assert with_none == [s.id for s in permutation(TRAIN, "random", seed)] != as_is
    else:
        assert as_is == with_other == with_none


# Amounts


@given(share=st.integers(0, 100), total=st.integers(0, 10_000))
def test_shares_are_rounded_half_up(share: int, total: int) -> None:
    assert Amount.parse(f"{share}%").of(total) == math.floor(
        Fraction(share * total, 100) + Fraction(1, 2)
    )


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        (200, Amount(200)),
        ("200", Amount(200)),
        (0, Amount(0)),
        ("20%", Amount(20, percent=True)),
        (" 2.5% ", Amount(2.5, percent=True)),
        ("0%", Amount(0, percent=True)),
        ("100%", Amount(100, percent=True)),
    ],
)
def test_an_amount_is_a_whole_number_or_a_share(text: str | int, amount: Amount) -> None:
    assert Amount.parse(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "%", "abc", "-1", -1, "2.5", "0.2", "101%", "-1%", "nan%", "inf%", "5%%", "5% of it"],
)
def test_no_other_amount_is_understood(text: str | int) -> None:
    with pytest.raises(ValueError, match="neither a number of sentences"):
        Amount.parse(text)


@pytest.mark.parametrize(
    ("seed_size", "dev_size", "problem"),
    [
        (0, 0, "the seed set is empty"),
        ("0%", 0, "the seed set is empty"),
        ("0.5%", 0, "the seed set is empty"),  # of 60 sentences
        (TOTAL + 1, 0, f"{TOTAL + 1} sentences are requested, but there are only {TOTAL}"),
        (50, 11, "11 sentences are requested, but there are only 10"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(
    seed_size: int | str, dev_size: int, problem: str
) -> None:
    with pytest.raises(InputError) as caught:
        cut(seed_size, dev_size)
    assert str(caught.value).startswith(f"{problem}; ") and "\n" not in str(caught.value)
