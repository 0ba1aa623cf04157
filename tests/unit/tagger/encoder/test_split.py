"""Two halves of a batch teach what the whole batch teaches."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from sciner.tagger.encoder.batches import collate
from sciner.tagger.encoder.cpu.dropout import cheap_dropout
from sciner.tagger.encoder.device import HALVES
from sciner.tagger.encoder.encoder import targets_of
from sciner.tagger.encoder.module import TokenClassifier
from sciner.tagger.encoder.split import SplitClassifier, classifier_for
from sciner.tagger.encoder.weights import Source, load
from sciner.tagger.encoder.windows import windows
from sciner.text.corpus import Example
from tests.unit.tagger.encoder.test_encoder import (
    CONFIG,
    EXAMPLES,
    FULL,
    MIXED,
    TAGS,
    TRAINING,
    tagger,
)

TWO = replace(FULL, threads=2)


def weights_of(device: object, batch_size: int = 4) -> dict[str, Tensor]:
    """What a fit of a few steps makes of the weights."""
    found = tagger(device, batch_size=batch_size).fit(EXAMPLES, seed=3)  # type: ignore[arg-type]
    return dict(found.model.state_dict())


def gradients(classifier: TokenClassifier, examples: Sequence[Example]) -> list[Tensor]:
    """Of one step on ``examples``, among them masked words, and silver of half the weight."""
    tokenizer, _ = load(Source(config=CONFIG), TAGS)
    found = windows(tokenizer, [e.sentence for e in examples], 128, 16)
    targets = [targets_of(e, TAGS) for e in examples]
    classifier.zero_grad()
    loss = classifier.training_step(collate(found, tokenizer.pad_token_id, targets), 0)
    classifier.backward(loss)
    grads = [p.grad for p in classifier.parameters() if p.grad is not None]
    return [loss.detach(), *(g.clone() for g in grads)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_halves_have_the_loss_and_the_gradients_of_the_whole(size: int) -> None:
    examples = [
        replace(EXAMPLES[0], weight=0.5, masked=frozenset({1})),
        EXAMPLES[1],
        replace(EXAMPLES[2], weight=0.25),
    ][:size]
    _, model = load(Source(config=CONFIG), TAGS)
    model.eval()  # without dropout
    expected = gradients(TokenClassifier(model, TRAINING), examples)
    with classifier_for(model, TRAINING, TWO) as classifier:
        assert isinstance(classifier, SplitClassifier)
        for _ in range(2):  # the first step computes one half after the other
            found = gradients(classifier, examples)
            assert len(classifier.losses) == (HALVES if size > 1 else 0)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("device", [FULL, MIXED])
def test_a_fit_in_halves_can_be_repeated(device: object) -> None:
    two = replace(device, threads=2)  # type: ignore[type-var]
    first, again, other = weights_of(two), weights_of(two), weights_of(device)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_halves_drop_out_differently() -> None:
    """One generator for both would drop the same values of either half."""
    _, model = load(Source(config=CONFIG), TAGS)
    with classifier_for(model, TRAINING, TWO) as classifier:
        assert isinstance(classifier, SplitClassifier)
        a, b = classifier.generators
        assert not torch.equal(torch.rand(9, generator=a), torch.rand(9, generator=b))


@pytest.mark.parametrize("apart", [False, True])
def test_a_model_that_draws_from_the_global_generator_is_not_split(apart: bool) -> None:
    """Which of two threads draws first is chance."""
    _, model = load(Source(config=CONFIG | {"attention_probs_dropout_prob": 0.0}), TAGS)
    model.train()
    layers = cheap_dropout(model) if apart else nullcontext()  # torch's own draw from it
    with layers, classifier_for(model, TRAINING, TWO) as classifier:
        assert isinstance(classifier, SplitClassifier)
        for _ in range(2):
            gradients(classifier, EXAMPLES[:4])
            assert classifier.apart is apart and bool(classifier.losses) is apart


def test_one_thread_computes_whole_batches_under_the_key_that_it_had() -> None:
    with classifier_for(nn.Linear(1, 1), TRAINING, FULL) as classifier:
        assert type(classifier) is TokenClassifier
    assert "halves" not in tagger(FULL).identity()
    assert tagger(TWO).identity()["halves"] == HALVES
