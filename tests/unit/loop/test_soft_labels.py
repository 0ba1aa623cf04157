from __future__ import annotations

import gc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.loop.outcomes import Predicted
from sciner.loop.soft_labels import soften, tempered
from sciner.loop.steps.average import confidence, mean
from sciner.tagger.decode import predictions
from sciner.text.corpus import Example, Sentence, tagset
from sciner.text.prediction import Floats, Prediction

LABELS = ("Task", "Method")
TAGS = tagset(LABELS)
SENTENCES = [Sentence(f"d#{i}", ("word",) * n) for i, n in enumerate((3, 0, 5, 1))]


def drawn(seed: int, sentences: Sequence[Sentence] = SENTENCES) -> list[Prediction]:
    rng = np.random.default_rng(seed)
    rows: list[Floats] = [
        rng.dirichlet(np.ones(len(TAGS)), len(s.tokens)).astype(np.float32) for s in sentences
    ]
    return list(predictions(sentences, rows, TAGS))


def predicted(made: list[Prediction]) -> Predicted:
    return Predicted("key", [p.sentence for p in made], 0.0, lambda: iter(made))


def examples(made: list[Prediction]) -> list[Example]:
    return [Example(p.sentence, p.spans, "silver", 1) for p in made]


def test_a_soft_label_is_what_the_teacher_said_of_the_sentence() -> None:
    made = drawn(0)
    accepted = examples(made[::-1])  # in another order than the annotation's
    found = soften(accepted, [predicted(made)], LABELS, 1.0)
    gc.collect()  # the file that they lie in is gone from the folder, not from memory
    for e, p in zip(found, made[::-1], strict=True):
        assert e.spans == p.spans
        assert e.distribution is not None and np.array_equal(e.distribution, p.distribution)


def test_the_latest_annotation_of_a_sentence_counts() -> None:
    first, second = drawn(0), drawn(1, SENTENCES[2:])
    found = soften(examples(first), [predicted(first), predicted(second)], LABELS, 1.0)
    for e, p in zip(found, [*first[:2], *second], strict=True):
        assert e.distribution is not None and np.array_equal(e.distribution, p.distribution)


@given(st.integers(0, 99), st.floats(0.2, 5))
def test_a_temperature_keeps_the_order_of_the_tags_and_their_sum(seed: int, t: float) -> None:
    rows = drawn(seed)[2].distribution
    found = tempered(rows, t).astype(np.float64)
    assert np.allclose(found.sum(-1), 1, atol=5e-3)
    gain = found.max(-1) - rows.max(-1)
    assert (gain <= 5e-3).all() if t >= 1 else (gain >= -5e-3).all()
    for before, after in zip(rows, found, strict=True):
        assert (np.diff(after[np.argsort(before)]) >= -1e-3).all()


def test_a_temperature_by_hand() -> None:
    """Squares of .8, .2 are .64, .04: divided by their sum, 16/17 and 1/17."""
    assert tempered(np.array([[0.8, 0.2]], np.float16), 0.5)[0] == pytest.approx(
        [16 / 17, 1 / 17], abs=1e-3
    )


def test_the_mean_of_two_is_decoded_anew() -> None:
    """Alone one says B-Task I-Task, the other O; both say so of the second word, not of the
    first."""
    first = np.array([[0.1, 0.9, 0, 0, 0], [0.1, 0, 0.9, 0, 0]], np.float32)
    second = np.array([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]], np.float32)
    sentence = Sentence("d#0", ("named", "entity"))
    same = [next(predictions([sentence], [rows], TAGS)) for rows in (first, second)]
    found = mean(same)
    assert found == pytest.approx((first + second) / 2, abs=1e-3)
    assert next(predictions([sentence], [found], TAGS)).spans == ()


@pytest.mark.parametrize("temperature", [0.001, 0.01, 100])
def test_no_temperature_gives_anything_but_distributions(temperature: float) -> None:
    """Powers of small probabilities are 0 in float32; and what is 0 is not certain."""
    rows = np.array([[0.35, 0.25, 0.2, 0.1, 0.1], [1, 0, 0, 0, 0]], np.float16)
    found = tempered(rows, temperature)
    assert found.sum(-1) == pytest.approx([1, 1])
    assert (found.argmax(-1) == 0).all() and (found[1, 1:] > 0).all() == (temperature > 1)


def test_confidences_of_an_ensemble_are_as_fine_as_its_members() -> None:
    """float16 knows no probability between 0.9998 and 1; where a member decodes another tag, its
    distribution counts."""
    sentence = Sentence("d#0", ("named",))
    sure = [np.array([[1 - p, p, 0, 0, 0]], np.float32) for p in (0.99993, 0.99997)]
    other = np.array([[0.6, 0.4, 0, 0, 0]], np.float32)
    for rows, expected in ((sure, 0.99995), ([*sure, other], (0.99993 + 0.99997 + 0.4) / 3)):
        same = [next(predictions([sentence], [one], TAGS)) for one in rows]
        (p,) = predictions([sentence], [mean(same)], TAGS)
        assert p.spans and confidence(p, same, TAGS) == pytest.approx(
            expected, abs=2e-4 * (len(rows) > 2) + 1e-6
        )
