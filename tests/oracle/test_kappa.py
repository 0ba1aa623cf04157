"""Kappa of silver with gold against scikit-learn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from sciner.score.silver import kappa_scores
from sciner.text.corpus import Example, Sentence
from sciner.text.spans import Span, decode, encode

LENGTH = 9
tags = st.lists(
    st.sampled_from(["O", "O", "B-X", "I-X", "B-Y", "I-Y", "B-Z"]), min_size=LENGTH, max_size=LENGTH
)
spans = tags.map(lambda sequence: decode(sequence)[0])
Case = tuple[tuple[Span, ...], tuple[Span, ...], frozenset[int]]
cases = st.lists(
    st.tuples(spans, spans, st.frozensets(st.integers(0, LENGTH - 1), max_size=3)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(cases=cases)
def test_kappa_is_that_of_scikit_learn_over_the_tokens_that_one_of_the_two_marks(
    cases: list[Case],
) -> None:
    """Masked tokens are not looked at, the others of their span are; what has one answer alone is
    absent. Here spans of Y are sure (0.75), all others not (0.25)."""
    examples, gold, pairs = [], {}, []
    for number, (silver, true, masked) in enumerate(cases):
        sentence = Sentence(f"d#{number}", ("a",) * LENGTH)
        examples.append(
            Example(
                sentence,
                silver,
                "silver",
                1,
                tuple(0.75 if s.label == "Y" else 0.25 for s in silver),
                masked,
            )
        )
        gold[sentence.id] = true
        sides = zip(encode(silver, LENGTH), encode(true, LENGTH), strict=True)
        pairs += [
            (a[2:], b[2:])
            for i, (a, b) in enumerate(sides)
            if i not in masked and (a, b) != ("O", "O")
        ]
    found = kappa_scores(
        [*examples, Example(Sentence("nobody#0", ("a",)), (Span(0, 1, "X"),), "silver", 1, (0.5,))],
        gold,
    )
    labels = {label for pair in pairs for label in pair}
    assert ("kappa/micro" in found) == (len(labels) > 1)
    if len(labels) > 1:
        ours, theirs = zip(*pairs, strict=True)
        assert found.pop("kappa/micro") == pytest.approx(cohen_kappa_score(ours, theirs))
        for name, inside in (("bin/0.2/kappa", {"X", "Z"}), ("bin/0.7/kappa", {"Y"})):
            of_bin = [(a, b) for a, b in pairs if a in inside]
            assert (name in found) == (len({label for pair in of_bin for label in pair}) > 1)
            if name in found:
                assert found.pop(name) == pytest.approx(
                    cohen_kappa_score(*zip(*of_bin, strict=True))
                )
        for name, value in found.items():
            label = name.removeprefix("kappa/")
            assert value == pytest.approx(
                cohen_kappa_score([a == label for a in ours], [b == label for b in theirs])
            )
        assert found.keys() == {f"kappa/{label}" for label in labels if label}
