"""The CRF: what it sees of a word, and what of its library it must keep in hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sciner.errors import InputError
from sciner.tagger.crf.crf import MODEL, CrfTagger, CrfTrainingConfig, pieces
from sciner.tagger.crf.features import features, shape, short_shape
from sciner.text.corpus import Example, Sentence, tagset
from sciner.text.spans import Span
from tests.unit.tagger.encoder.test_encoder import EXAMPLES, LABELS, SENTENCES

pytest.importorskip("pycrfsuite", reason="pip install 'sciner[crf]'")
TAGS = tagset(LABELS)
TRAINING = CrfTrainingConfig(c1=0.1, c2=0.1, max_iterations=20)


def crf(**config: float) -> CrfTagger:
    return CrfTagger(replace(TRAINING, **config), LABELS)  # type: ignore[arg-type]


def of(word: str) -> set[str]:
    return set(features([word])[0])


# features


@pytest.mark.parametrize(
    ("word", "whole", "short"),
    [
        ("BiLSTM-2", "XxXXXX-d", "XxX-d"),
        ("we", "xx", "x"),
        ("0.95", "d.dd", "d.d"),
        ("日本", "xx", "x"),
        ("", "", ""),
    ],
)
def test_a_shape_is_a_words_kinds_of_characters(word: str, whole: str, short: str) -> None:
    assert (shape(word), short_shape(word)) == (whole, short)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Bert", "capitalised"),
        ("LSTM", "all capitals"),
        ("mBERT", "capital inside"),
        ("2019", "digits"),
        ("BERT2", "has digit"),
        ("95.5%", "number"),
        ("few-shot", "has dash"),
        ("(", "punctuation"),
        ("alpha", "greek"),
        ("β1", "greek"),
        ("XIV", "roman"),
    ],
)
def test_a_word_of_a_kind_says_so_and_a_plain_one_does_not(word: str, kind: str) -> None:
    assert kind in of(word) and kind not in of("model")


@pytest.mark.parametrize("word", ["IIII", "VX", "", "LSTM", "Iv"])
def test_what_looks_roman_need_not_be(word: str) -> None:
    assert "roman" not in of(word)


def test_affixes_are_as_long_as_the_word_at_most() -> None:
    affixes = {f for f in of("GPU") if f.startswith(("prefix", "suffix"))}
    assert affixes == {"prefix=g", "prefix=gp", "prefix=gpu", "suffix=u", "suffix=pu", "suffix=gpu"}
    assert "prefix=tran" in of("transformer") and "prefix=trans" not in of("transformer")


def test_a_word_sees_two_neighbours_to_either_side_and_the_sentences_ends() -> None:
    rows = features(("We", "use", "a", "CRF", "today"))
    assert {f for f in rows[2] if "lower=" in f and f[0] in "+-"} == {
        "-2lower=we",
        "-1lower=use",
        "+1lower=crf",
        "+2lower=today",
    }
    assert "+1short=X" in rows[2]
    assert ["BOS" in row for row in rows] == [True, False, False, False, False]
    assert ["EOS" in row for row in rows] == [False, False, False, False, True]
    assert {"BOS", "EOS"} <= of("alone") and features(()) == []


# fits


def test_masked_tokens_cut_the_chain_and_are_still_seen_by_their_neighbours() -> None:
    """The pieces lack them; the features come from the whole sentence."""
    sentence = Sentence("d#0", ("a", "b", "c", "d", "e"))
    cut = [
        list(pieces(Example(sentence, (), masked=frozenset(m))))
        for m in ((), (2,), (0, 1), (4,), range(5))
    ]
    assert cut == [[(0, 5)], [(0, 2), (3, 5)], [(2, 5)], [(0, 4)], []]
    told = [
        [
            Example(
                Sentence("d#0", ("by", word, "alone")), (Span(0, 1, "Task"),), masked=frozenset({1})
            ),
            *EXAMPLES,
        ]
        for word in ("one", "two")
    ]
    one, two = (
        crf().fit(examples, seed=0).marginals(Sentence("e#0", ("by", "one", "alone")))
        for examples in told
    )
    assert not np.array_equal(one, two)


def test_tags_that_were_never_trained_on_have_no_probability() -> None:
    methods = [
        Example(s, tuple(span for span in s.spans or () if span.label == "Method"))
        for s in SENTENCES
    ]
    for examples, none in (
        (methods, ("B-Task", "I-Task", "I-Method")),
        ([Example(s, ()) for s in SENTENCES], TAGS[1:]),
    ):
        rows = crf().fit(examples, seed=0).marginals(SENTENCES[0])
        assert (rows[:, [TAGS.index(tag) for tag in none]] == 0).all()
        assert np.allclose(rows.sum(axis=1), 1) and rows.dtype == np.float32


def test_marginals_are_those_of_all_tag_sequences() -> None:
    """Against the sum over every sequence's probability, which CRFsuite computes another way."""
    import itertools

    fitted, sentence = crf().fit(EXAMPLES, seed=0), Sentence("e#0", ("we", "Parsing", "Bert"))
    known = fitted.chain.labels()
    fitted.chain.set(features(sentence.tokens))
    expected = np.zeros((3, len(TAGS)))
    for path in itertools.product(known, repeat=3):
        expected[range(3), [TAGS.index(tag) for tag in path]] += fitted.chain.probability(path)
    assert np.allclose(fitted.marginals(sentence), expected, atol=1e-6)


def test_a_report_tells_the_iterations_and_the_falling_loss() -> None:
    """In nats a token, with the penalties; the tokens are those of all iterations."""
    examples = [replace(EXAMPLES[0], masked=frozenset({0})), *EXAMPLES[1:]]
    report = crf(max_iterations=7).fit(examples, seed=0).report
    assert report.steps == 7 and [step for step, _ in report.losses] == list(range(1, 8))
    assert report.losses[-1][1] < report.losses[0][1] < math.log(len(TAGS))
    assert report.tokens == 7 * (sum(len(s.tokens) for s in SENTENCES) - 1) and report.seconds > 0


@pytest.mark.parametrize("change", [{"c1": 1.0}, {"c2": 1.0}, {"max_iterations": 3}])
def test_every_key_of_the_recipe_is_the_fits_and_the_identitys(change: dict[str, float]) -> None:
    sentence = SENTENCES[0]
    usual, changed = (
        made.fit(EXAMPLES, seed=0).marginals(sentence) for made in (crf(), crf(**change))
    )
    assert not np.array_equal(usual, changed) and crf().identity() != crf(**change).identity()


def test_a_weight_other_than_1_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"d#0 has weight 0\.5: python-crfsuite weighs every sentence alike"
    ):
        crf().fit([replace(EXAMPLES[0], weight=0.5), *EXAMPLES[1:]], seed=0)


def test_where_everything_is_masked_there_is_nothing_to_train_on() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        crf().fit(
            [
                Example(Sentence("d#0", ("a",)), (), masked=frozenset({0})),
                Example(Sentence("d#1", ()), ()),
            ],
            seed=0,
        )


# folders


def test_a_damaged_file_and_another_ones_classes_do_not_reach_the_library(tmp_path: Path) -> None:
    """It would take the file for sound, and read where it must not."""
    fitted = crf().fit(EXAMPLES, seed=0)
    fitted.save(tmp_path)
    with pytest.raises(ValueError, match="does not hold this CRF whole"):
        CrfTagger(TRAINING, ("Task", "Method")).restore(tmp_path, fitted.report)
    (tmp_path / MODEL).write_bytes((tmp_path / MODEL).read_bytes()[:-1])
    with pytest.raises(ValueError, match="does not hold this CRF whole"):
        crf().restore(tmp_path, fitted.report)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"needs the package python-crfsuite; pip install 'sciner\[crf\]'"
    ):
        crf()
