"""What every tagger promises behind the one interface, each shown on all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from sciner.config.errors import kind_of
from sciner.config.model import ModelConfig
from sciner.hashing import canonical
from sciner.loop.steps.fit import digest_of_examples
from sciner.score.entity import entity_scores
from sciner.tagger.base import (
    PROBES,
    Adjustable,
    Capability,
    FitOptions,
    Fitted,
    Probed,
    Tagger,
)
from sciner.tagger.crf.crf import CrfTagger, CrfTrainingConfig
from sciner.tagger.gazetteer.gazetteer import GazetteerTagger
from sciner.text.corpus import Example, Sentence, tags_of, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import Span, encode
from tests.fakes import FakeTagger
from tests.unit.tagger.encoder import test_encoder
from tests.unit.tagger.llm.repeating import repeating

LABELS = test_encoder.LABELS
EXAMPLES = test_encoder.EXAMPLES
SENTENCES = [e.sentence for e in EXAMPLES]
ODD = [
    Sentence("o#0", ()),
    Sentence("o#1", ("Größe", "\u200b", "日本", "x" * 500)),
    Sentence("o#2", ("Bert",) * 200),
]

TAGGERS: dict[str, Any] = {
    "encoder": lambda labels=LABELS: replace(test_encoder.tagger(), labels=labels),
    "gazetteer": lambda labels=LABELS: GazetteerTagger("sensitive", labels),
    "llm": repeating,
    "insensitive gazetteer": lambda labels=LABELS: GazetteerTagger("insensitive", labels),
}
try:
    import pycrfsuite  # noqa: F401

    TAGGERS["crf"] = lambda labels=LABELS: CrfTagger(CrfTrainingConfig(0.1, 0.1, 20), labels)
except ImportError:
    pass


# the first fit and score of a process import for most of a second
@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    fitted = TAGGERS["encoder"]().fit(EXAMPLES, seed=0)
    entity_scores(SENTENCES, [p.spans for p in fitted.predict(SENTENCES)])


@pytest.fixture(params=sorted(TAGGERS))
def tagger(request: pytest.FixtureRequest) -> Tagger:
    made: Tagger = TAGGERS[request.param]()
    return made


def softened(example: Example) -> Example:
    """Its own tags, as a distribution that is half sure of them."""
    tags = tagset(LABELS)
    sure = np.eye(len(tags))[[tags.index(tag) for tag in tags_of(example)]]
    return replace(example, distribution=(0.5 * sure + 0.5 / len(tags)).astype(np.float16))


def predicted(fitted: Fitted, sentences: Sequence[Sentence] = SENTENCES) -> list[Any]:
    """All that a prediction says, comparable bit by bit."""
    return [
        (p.spans, p.distribution.tobytes(), p.confidence.tobytes(), p.repairs)
        for p in fitted.predict(sentences)
    ]


def fit(tagger: Tagger, examples: Sequence[Example] = EXAMPLES) -> list[Any]:
    return predicted(tagger.fit(examples, seed=0))


def test_the_same_examples_and_seed_give_the_same_tagger(tagger: Tagger) -> None:
    assert fit(tagger) == fit(tagger)


def test_every_token_of_every_sentence_is_answered_in_the_given_order(tagger: Tagger) -> None:
    """Sentences without a token, with words never seen and longer than any in training among
    them."""
    sentences = [ODD[0], *reversed(SENTENCES), *ODD]
    found: list[Prediction] = list(tagger.fit(EXAMPLES, seed=0).predict(sentences))
    assert [p.sentence for p in found] == sentences
    for p in found:
        length = len(p.sentence.tokens)
        assert (
            p.distribution.shape == (length, len(tagset(LABELS)))
            and p.distribution.dtype == np.float16
        )
        assert p.confidence.shape == (length,) and p.confidence.dtype == np.float32
        assert np.allclose(p.distribution.sum(axis=1, dtype=np.float64), 1, atol=2e-3)
        assert (p.confidence > 0).all() and (p.confidence <= 1).all()


def test_predictions_are_legal_and_as_sure_as_their_distribution_says(tagger: Tagger) -> None:
    """A confidence is the probability of the decoded tag; a repair is a token whose most probable
    tag is another."""
    for p in tagger.fit(EXAMPLES, seed=0).predict([*SENTENCES, *ODD]):
        tags = [tagset(LABELS).index(tag) for tag in encode(p.spans, len(p.sentence.tokens))]
        said = p.distribution[np.arange(len(tags)), tags]
        assert np.allclose(said, p.confidence, atol=1e-3)
        assert p.repairs >= int(
            (p.distribution.max(axis=1, initial=0) > said).sum() if len(tags) else 0
        )


def test_nothing_is_predicted_for_nothing(tagger: Tagger) -> None:
    assert predicted(tagger.fit(EXAMPLES, seed=0), []) == []


def test_masked_tokens_are_not_learned(tagger: Tagger) -> None:
    """The tag under a mask changes nothing; without the mask it does."""
    told = [
        Example(SENTENCES[0], spans)
        for spans in ((), (Span(0, 1, "Method"),), (Span(0, 1, "Task"),))
    ]
    masked = [fit(tagger, [replace(e, masked=frozenset({0})), *EXAMPLES[1:]]) for e in told]
    assert masked[0] == masked[1] == masked[2]
    assert fit(tagger, [told[0], *EXAMPLES[1:]]) != fit(tagger, [told[2], *EXAMPLES[1:]])


def test_what_the_store_takes_for_the_same_examples_is_the_same_fit(tagger: Tagger) -> None:
    """Whether a span goes on under a mask is nobody's to see."""
    sentence = Sentence("d#0", ("we", "use", "deep", "learning", "models"))
    both = [Example(sentence, (Span(2, end, "Method"),), masked=frozenset({4})) for end in (4, 5)]
    assert digest_of_examples(both[:1]) == digest_of_examples(both[1:])
    one, other = (predicted(tagger.fit([e, *EXAMPLES], seed=0), [sentence]) for e in both)
    assert one == other


def test_provenance_and_ids_are_not_learned(tagger: Tagger) -> None:
    silver = [
        replace(
            e,
            sentence=replace(e.sentence, id=f"z#{i}"),
            source="silver",
            round=3,
            confidences=(0.5,) * len(e.spans),
        )
        for i, e in enumerate(EXAMPLES)
    ]
    assert fit(tagger) == fit(tagger, silver)


def test_the_labels_of_a_sentence_to_annotate_are_not_read(tagger: Tagger) -> None:
    fitted = tagger.fit(EXAMPLES, seed=0)
    assert predicted(fitted) == predicted(fitted, [s.withheld() for s in SENTENCES])


def test_a_saved_tagger_is_the_tagger(tagger: Tagger, tmp_path: Path) -> None:
    fitted = tagger.fit(EXAMPLES, seed=0)
    fitted.save(tmp_path / "new" / "folder")
    again = tagger.restore(tmp_path / "new" / "folder", fitted.report)
    assert predicted(again, [*SENTENCES, *ODD]) == predicted(fitted, [*SENTENCES, *ODD])
    assert again.report == fitted.report


def test_a_tagger_can_what_it_says_and_refuses_the_rest(tagger: Tagger) -> None:
    """What it refuses it refuses before it computes: nothing is ignored."""
    fitted = tagger.fit(EXAMPLES, seed=0)
    tries: dict[Capability, Callable[[], Any]] = {
        "initial_weights": lambda: tagger.fit(EXAMPLES, seed=0, start=fitted),
        "example_weights": lambda: tagger.fit([replace(e, weight=0.5) for e in EXAMPLES], seed=0),
        "fit_options": lambda: tagger.adjusted(FitOptions(steps=2)).fit(EXAMPLES, seed=0),
        "soft_labels": lambda: tagger.fit([softened(e) for e in EXAMPLES], seed=0),
        "embeddings": lambda: fitted.embeddings(SENTENCES),
        "samples": lambda: list(fitted.samples(SENTENCES, 2, 0)),
    }
    for capability, attempt in tries.items():
        if capability in tagger.capabilities:
            attempt()
        else:
            with pytest.raises((ValueError, AttributeError)):
                attempt()
    assert isinstance(tagger, Adjustable) == ("fit_options" in tagger.capabilities)
    another_seed = tagger.fit(EXAMPLES, seed=1)
    assert (predicted(another_seed) != predicted(fitted)) == ("random_fits" in tagger.capabilities)
    assert isinstance(fitted, Probed) == (tagger.capabilities >= PROBES)


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_the_configuration_knows_what_a_tagger_can(name: str) -> None:
    of = {kind_of(section): section for section in get_args(ModelConfig)}
    tagger = TAGGERS[name]()
    assert of[tagger.identity()["kind"]].capabilities is tagger.capabilities


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_an_identity_is_a_key_and_knows_the_classes(name: str) -> None:
    """It is spelled as JSON, the same every time, and says which tagger it is; the order of classes
    is a tagger's own."""
    build = TAGGERS[name]
    assert canonical(build().identity()) == canonical(build().identity())
    assert json.loads(canonical(build().identity()))["kind"] in name
    assert (
        len(
            {
                canonical(build(labels).identity())
                for labels in (LABELS, ("Task", "Method"), ("Task",))
            }
        )
        == 3
    )


def test_identities_differ_between_taggers() -> None:
    assert len({canonical(build().identity()) for build in TAGGERS.values()}) == len(TAGGERS)


# which takes more steps: test_encoder.py
@pytest.mark.parametrize("name", sorted(TAGGERS.keys() - {"encoder"}))
def test_what_was_learned_is_known_again(name: str) -> None:
    fitted = TAGGERS[name]().fit(EXAMPLES, seed=0)
    scores = entity_scores(SENTENCES, [p.spans for p in fitted.predict(SENTENCES)])
    assert scores["f1/micro"] > 0.9


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_what_no_fit_can_use_is_refused(name: str) -> None:
    """No examples, but for a language model, and the start of another kind of tagger."""
    made = TAGGERS[name]()
    if name != "llm":
        with pytest.raises(ValueError, match="nothing to train on"):
            made.fit([], seed=0)
    with pytest.raises(ValueError, match="cannot start from"):
        made.fit(EXAMPLES, seed=0, start=FakeTagger(LABELS).fit(EXAMPLES, seed=0))


@pytest.mark.parametrize("name", sorted(TAGGERS.keys() - {"crf", "llm"}))
def test_a_weight_is_learned(name: str) -> None:
    half = [replace(EXAMPLES[0], weight=0.5), *EXAMPLES[1:]]
    assert fit(TAGGERS[name]()) != fit(TAGGERS[name](), half)
