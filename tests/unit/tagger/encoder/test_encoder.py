"""Tiny fits: a BERT of random weights, a few steps."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

from sciner.hashing import canonical
from sciner.score.entity import entity_scores
from sciner.tagger.base import FitOptions
from sciner.tagger.encoder.batches import Targets, collate, training_batches
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.encoder import (
    CURVE_POINTS,
    EncoderTagger,
    FittedEncoder,
    curve,
    fit_to,
    targets_of,
)
from sciner.tagger.encoder.module import TokenClassifier, TrainingConfig
from sciner.tagger.encoder.source import Source
from sciner.tagger.encoder.weights import load, scratch
from sciner.tagger.encoder.windows import windows
from sciner.text.corpus import Example, Sentence, gold_example, tags_of, tagset
from sciner.text.spans import Span
from tests.fakes import FakeTagger

LABELS = ("Method", "Task")
TAGS = tagset(LABELS)
CONFIG = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 128,
}
TRAINING = TrainingConfig(
    lr=1e-2,
    head_lr=1e-2,
    steps=4,
    batch_size=4,
    warmup=0.25,
    weight_decay=0.01,
    clip=1.0,
    max_length=128,
    overlap=16,
)
FULL = Device("cpu", "32-true", threads=1)
MIXED = Device("cpu", "bf16-mixed", threads=1)
WORDS = ("the", "Bert", "solves", "Parsing", "of", "Trees", "\u200b", "we", "use", "Adam")


def examples(count: int = 8) -> list[Example]:
    """Sentences of different lengths; capitals are entities, P and T open a Task."""
    rng = random.Random(1)
    made = []
    for i in range(count):
        tokens = tuple(rng.choices(WORDS, k=rng.randint(2, 12)))
        spans = [
            Span(k, k + 1, "Task" if w[0] in "PT" else "Method")
            for k, w in enumerate(tokens)
            if w[0].isupper()
        ]
        made.append(gold_example(Sentence(f"d#{i}", tokens, tuple(spans))))
    return made


EXAMPLES = examples()
SENTENCES = [e.sentence for e in EXAMPLES]


def tagger(device: Device = FULL, source: Source | None = None, **config: Any) -> EncoderTagger:
    return EncoderTagger(
        source or Source(config=CONFIG), replace(TRAINING, **config), device, LABELS
    )


def rows(fitted: FittedEncoder, sentences: Sequence[Sentence] = SENTENCES) -> list[np.ndarray]:
    return [p.distribution for p in fitted.predict(sentences)]


def fit_rows(
    data: Sequence[Example] = EXAMPLES, seed: int = 0, **settings: Any
) -> list[np.ndarray]:
    return rows(tagger(**settings).fit(data, seed=seed))


def same(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    """Bit by bit."""
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def weights(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# the first fit of a process imports for a third of a second
@pytest.fixture(scope="module", autouse=True)
def fitted() -> FittedEncoder:
    return tagger().fit(EXAMPLES, seed=0)


@dataclass
class Recorder:
    """What the optimiser did at each step and what the dropout layers were told at each forward
    pass."""

    norms: list[float] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)
    fused: set[bool] = field(default_factory=set)
    dropping: set[bool] = field(default_factory=set)


@contextmanager
def recording() -> Iterator[Recorder]:
    seen = Recorder()

    def after_step(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        gradients = [
            p.grad.norm()
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        seen.norms.append(float(torch.stack(gradients).norm()))
        seen.rates.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[-1]["lr"]))
        seen.fused.add(optimizer.defaults["fused"])

    def after_forward(module: torch.nn.Module, *_: Any) -> None:
        if isinstance(module, torch.nn.Dropout):
            seen.dropping.add(module.training)

    hooks = (
        register_optimizer_step_post_hook(after_step),
        register_module_forward_hook(after_forward),
    )
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


# what a fit depends on


@pytest.mark.parametrize("device", [FULL, MIXED], ids=lambda m: m.precision)
def test_the_same_examples_and_seed_give_the_same_tagger(device: Device) -> None:
    """Bit by bit, whatever was drawn from the global generators before; they are left as they
    were."""
    first = fit_rows(device=device)
    torch.rand(7), np.random.rand(7), random.random()
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    second = fit_rows(device=device)
    assert same(first, second)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (np.random.get_state()[1].tolist(), random.getstate())


def test_seed_0_is_a_seed() -> None:
    """Another seed gives another tagger: another head, and, where head and dropout draw nothing,
    another order."""
    assert not same(fit_rows(seed=0), fit_rows(seed=1))
    still = tagger(
        source=Source(
            config=CONFIG | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        )
    )
    start = still.fit(EXAMPLES, seed=0)
    assert not same(*(rows(still.fit(EXAMPLES, seed=seed, start=start)) for seed in (0, 1)))


def test_provenance_is_not_learned() -> None:
    """Where a label came from and how sure its maker was is not seen by the loss; its weight is."""
    silver = [
        replace(e, source="silver", round=3, confidences=(0.5,) * len(e.spans)) for e in EXAMPLES
    ]
    assert same(fit_rows(), fit_rows(silver))
    assert not same(fit_rows(), fit_rows([replace(EXAMPLES[0], weight=0.5), *EXAMPLES[1:]]))


def test_masked_tokens_are_not_learned() -> None:
    """The tag under a mask does not influence the fit; without the mask it does."""
    sentence = SENTENCES[0]
    told = [
        Example(sentence, spans) for spans in ((), (Span(0, 1, "Method"),), (Span(0, 1, "Task"),))
    ]
    masked = [fit_rows([replace(e, masked=frozenset({0})), *EXAMPLES[1:]]) for e in told]
    assert same(masked[0], masked[1]) and same(masked[0], masked[2])
    assert not same(fit_rows([told[0], *EXAMPLES[1:]]), fit_rows([told[2], *EXAMPLES[1:]]))


@pytest.mark.parametrize("count", [1, 30])
def test_a_fit_takes_its_steps_whatever_its_examples(count: int) -> None:
    """And reports them, with the words it saw and its loss."""
    data = examples(count)
    with recording() as seen:
        report = tagger(steps=7).fit(data, seed=0).report
    assert len(seen.norms) == report.steps == 7
    assert [step for step, _ in report.losses] == [1, 2, 3, 4, 5, 6, 7]
    assert all(np.isfinite(loss) and loss > 0 for _, loss in report.losses) and report.seconds > 0
    found = windows(scratch(CONFIG, {})[0], [e.sentence for e in data], 128, 16)
    batches = training_batches([len(w.ids) for w in found], 4, 0)
    assert report.tokens == sum(
        len(data[i].sentence.tokens) for batch in islice(batches, 7) for i in batch
    )


def test_a_training_curve_has_few_points() -> None:
    """Each is the mean of its stretch of steps; together they weigh every step."""
    losses = [float(i) for i in range(1000)]
    points = curve(losses)
    assert len(points) == CURVE_POINTS and points[0] == (20, 9.5) and points[-1] == (1000, 989.5)
    assert curve(losses[:3]) == ((1, 0.0), (2, 1.0), (3, 2.0))


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        tagger().fit([], seed=0)


def test_few_sentences_are_learned() -> None:
    """Enough steps reproduce the training set; the loss falls."""
    data = examples(30)
    fitted = tagger(steps=15, batch_size=16).fit(data, seed=0)
    sentences = [e.sentence for e in data]
    scores = entity_scores(sentences, [p.spans for p in fitted.predict(sentences)])
    assert scores["f1/micro"] > 0.9
    assert fitted.report.losses[-1][1] < fitted.report.losses[0][1] / 2


# predictions


def test_a_prediction_a_sentence_in_the_given_order(fitted: FittedEncoder) -> None:
    """Distributions are [tokens, tags] of float32 and sum to 1, deleted words and empty sentences
    included."""
    sentences = [
        *reversed(SENTENCES),
        Sentence("e#0", ()),
        Sentence("e#1", ("\u200b",)),
        SENTENCES[0],
    ]
    predictions = list(fitted.predict(sentences))
    assert [p.sentence for p in predictions] == sentences
    for p in predictions:
        assert p.distribution.dtype == np.float16 and p.distribution.shape == (
            len(p.sentence.tokens),
            len(TAGS),
        )
        assert np.allclose(p.distribution.sum(axis=1, dtype=np.float64), 1, atol=2e-3)
    assert np.array_equal(
        predictions[-1].distribution, predictions[len(SENTENCES) - 1].distribution
    )


def test_nothing_to_predict(fitted: FittedEncoder) -> None:
    assert list(fitted.predict([])) == []
    assert [len(p.confidence) for p in fitted.predict([Sentence("e#0", ())])] == [0]


def test_company_does_not_matter(fitted: FittedEncoder) -> None:
    """A sentence is annotated alike alone, among others and beside a longer one (padding)."""
    long = Sentence("l#0", WORDS * 4)
    together = rows(fitted, [*SENTENCES, long])
    for i, sentence in enumerate(SENTENCES):
        (alone,) = rows(fitted, [sentence])
        (_, beside) = rows(fitted, [long, sentence])
        assert np.allclose(together[i], alone, atol=1e-5) and np.allclose(beside, alone, atol=1e-5)


def test_a_sentence_of_5000_tokens(fitted: FittedEncoder) -> None:
    """It takes many windows, and every token gets its distribution."""
    (p,) = fitted.predict([Sentence("l#0", WORDS * 500)])
    assert p.distribution.shape == (5000, len(TAGS)) and p.confidence.shape == (5000,)
    assert np.allclose(p.distribution.sum(axis=1, dtype=np.float64), 1, atol=2e-3)


def test_predicting_draws_no_random_numbers(fitted: FittedEncoder) -> None:
    """Twice the same, dropout off, gradients off, the global generator untouched."""
    before = torch.get_rng_state()
    with recording() as seen:
        assert same(rows(fitted), rows(fitted))
    assert seen.dropping == {False} and torch.equal(before, torch.get_rng_state())
    assert not any(module.training for module in fitted.model.modules())


def test_probabilities_are_float32_under_bf16() -> None:
    """bf16 has 8 bits: sums of its probabilities are off by a hundredth, and few of them are told
    apart."""
    for p in tagger(MIXED).fit(EXAMPLES, seed=0).predict(SENTENCES):
        assert p.confidence.dtype == np.float32
        assert np.allclose(p.distribution.sum(axis=1, dtype=np.float64), 1, atol=2e-3)
        assert (
            torch.from_numpy(p.confidence).bfloat16().float().numpy() != p.confidence
        ).mean() > 0.9


# start= and folders


def test_a_fit_may_start_from_another(fitted: FittedEncoder) -> None:
    """It goes on from the weights given, and leaves them as they were."""
    before, said = weights(fitted.model), rows(fitted)
    still = tagger(lr=0.0, head_lr=0.0).fit(EXAMPLES, seed=1, start=fitted)
    assert equal(weights(still.model), before) and same(rows(still), said)
    moved = tagger().fit(EXAMPLES, seed=1, start=fitted)
    assert not equal(weights(moved.model), before)
    assert equal(weights(fitted.model), before) and same(rows(fitted), said)
    assert moved.report.losses[-1][1] < fitted.report.losses[0][1]


def test_another_kind_of_tagger_is_no_start() -> None:
    with pytest.raises(ValueError, match="cannot start from this FakeFitted"):
        tagger().fit(EXAMPLES, seed=0, start=FakeTagger(LABELS).fit(EXAMPLES, seed=0))


def test_a_saved_tagger_is_the_tagger(fitted: FittedEncoder, tmp_path: Path) -> None:
    """The folder holds safetensors and no pickle; loaded again it has the same weights, pieces and
    answers."""
    folder = tmp_path / "new" / "folder"
    fitted.save(folder)
    names = {f.name for f in folder.iterdir()}
    assert "model.safetensors" in names and {Path(n).suffix for n in names} <= {
        ".safetensors",
        ".json",
        ".txt",
    }
    tokenizer, net = load(Source(path=str(folder)), TAGS)
    assert equal(weights(net), weights(fitted.model))
    odd = [Sentence("o#0", ("The", "Größe", "LSTM-CRF", "\u200b", "日本", "x" * 500)), *SENTENCES]
    assert windows(tokenizer, odd, 128, 16) == windows(fitted.tokenizer, odd, 128, 16)
    again = FittedEncoder(tokenizer, net, TAGS, fitted.config, FULL)
    assert same(rows(again, odd), rows(fitted, odd))


def test_a_fit_from_a_folder(fitted: FittedEncoder, tmp_path: Path) -> None:
    """Source(path=...) is a model like any other."""
    fitted.save(tmp_path)
    fit = tagger(source=Source(path=str(tmp_path)), lr=0.0, head_lr=0.0).fit(EXAMPLES, seed=5)
    assert same(rows(fit), rows(fitted))


# pitfalls of the stack


def test_dropout_is_on_during_the_fit_and_off_behind_it(
    fitted: FittedEncoder, tmp_path: Path
) -> None:
    """from_pretrained returns a net in eval mode and Lightning leaves it there; a folder shows it,
    random weights do not."""
    fitted.save(tmp_path)
    assert not load(Source(path=str(tmp_path)), TAGS)[1].training
    for source, start in ((Source(path=str(tmp_path)), None), (None, None), (None, fitted)):
        with recording() as seen:
            net = tagger(source=source).fit(EXAMPLES, seed=0, start=start).model
        assert seen.dropping == {True} and not any(m.training for m in net.modules())


def test_bf16_weights_are_trained_in_float32(fitted: FittedEncoder, tmp_path: Path) -> None:
    """transformers 5 would load, and train, in the precision of the file."""
    fitted.copy_of_model().bfloat16().save_pretrained(tmp_path)
    fitted.tokenizer.save_pretrained(tmp_path)
    assert '"dtype": "bfloat16"' in (tmp_path / "config.json").read_text()
    _, net = load(Source(path=str(tmp_path)), TAGS)
    assert {p.dtype for p in net.parameters()} == {torch.float32}


@pytest.mark.parametrize("labels", [("A", "B", "C"), ("A", "B"), ("Task", "Method")])
def test_other_classes_get_a_new_head(
    labels: tuple[str, ...], fitted: FittedEncoder, tmp_path: Path
) -> None:
    """Even as many. The encoder's weights are kept, the head is drawn from the seed, the
    configuration names the new tags."""
    fitted.save(tmp_path)
    tags = tagset(labels)
    heads = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        _, net = load(Source(path=str(tmp_path)), tags)
        old = weights(fitted.model)
        assert all(
            torch.equal(value, old[name])
            for name, value in net.state_dict().items()
            if "classifier" not in name
        )
        heads.append(net.classifier.weight)
        assert not torch.equal(net.classifier.weight[:5], fitted.model.classifier.weight)
    assert heads[0].shape == (len(tags), 16) and net.config.id2label == dict(enumerate(tags))
    assert torch.equal(heads[0], heads[1]) and not torch.equal(heads[0], heads[2])


def test_each_fit_has_its_own_trainer() -> None:
    """A second fit on one Trainer returns at once: both fits of one tagger move their weights."""
    one = tagger()
    first = one.fit(EXAMPLES, seed=0)
    second = one.fit(EXAMPLES, seed=0, start=first)
    third = one.fit(EXAMPLES, seed=0)
    assert not equal(weights(first.model), weights(second.model)) and equal(
        weights(first.model), weights(third.model)
    )


@pytest.mark.parametrize("device", [FULL, MIXED], ids=lambda m: m.precision)
def test_gradients_are_clipped(device: Device) -> None:
    """No step's gradient is longer than ``clip``, and without a clip it is; the optimiser is the
    fused one."""
    with recording() as free:
        tagger(device, clip=1e9).fit(EXAMPLES, seed=0)
    with recording() as clipped:
        tagger(device, clip=0.01).fit(EXAMPLES, seed=0)
    assert min(free.norms) > 0.1 and clipped.norms == pytest.approx([0.01] * 4, rel=1e-3)
    assert free.fused == clipped.fused == {True}


def test_the_rate_rises_linearly_and_falls_to_nothing() -> None:
    """Encoder and head follow one schedule to their own peaks; the step behind the last would have
    the rate 0."""
    with recording() as seen:
        tagger(lr=1e-2, head_lr=3e-2, steps=20, warmup=0.25).fit(EXAMPLES[:2], seed=0)
    expected = np.interp(np.arange(20), [-1, 4, 5, 20], [0, 1, 1, 0])
    assert np.array(seen.rates) == pytest.approx(np.outer(expected, [1e-2, 3e-2]))


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.0), (1, 1.0), (2, 0.5), (5, 0.0), (5, 1.0)])
def test_a_schedule_of_any_length_teaches(steps: int, warmup: float) -> None:
    """No step has the rate 0, none exceeds the peak, and one reaches it."""
    with recording() as seen:
        tagger(steps=steps, warmup=warmup).fit(EXAMPLES[:1], seed=0)
    rates = [rate for rate, _ in seen.rates]
    assert len(rates) == steps and min(rates) > 0 and max(rates) == pytest.approx(TRAINING.lr)


def test_head_and_encoder_have_their_own_rates(fitted: FittedEncoder) -> None:
    """Every parameter is in one group; biases and LayerNorms are not decayed."""
    config = replace(TRAINING, lr=1e-5, head_lr=1e-3, weight_decay=0.1)
    optimizer = TokenClassifier(fitted.model, config).configure_optimizers()["optimizer"]
    names = {id(p): name for name, p in fitted.model.named_parameters()}
    found = [
        (names[id(p)], g["initial_lr"], g["weight_decay"])
        for g in optimizer.param_groups
        for p in g["params"]
    ]
    assert sorted(name for name, _, _ in found) == sorted(names.values())
    for name, rate, decay in found:
        assert rate == (1e-3 if "classifier" in name else 1e-5)
        assert decay == (0.0 if "LayerNorm" in name or name.endswith("bias") else 0.1)


def loss(
    module: TokenClassifier, data: Sequence[Example], tokenizer: Any, targets: list[Targets]
) -> float:
    found = windows(tokenizer, [e.sentence for e in data], 128, 16)
    return float(module.training_step(collate(found, tokenizer.pad_token_id, targets), 0).detach())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_weighted_mean_over_unmasked_words(
    fitted: FittedEncoder, smoothing: float
) -> None:
    """Computed here from the predictions: padding, and what is masked, gives none; half the weight
    is half the loss; label smoothing spreads a share of each target over all tags."""
    module = TokenClassifier(fitted.model.eval(), replace(TRAINING, label_smoothing=smoothing))
    data = [
        replace(EXAMPLES[0], weight=0.5, masked=frozenset({1})),
        EXAMPLES[1],
        replace(EXAMPLES[2], weight=0.25),
    ]
    terms = []
    for example in data:
        alone = collate(
            windows(fitted.tokenizer, [example.sentence], 128, 16), fitted.tokenizer.pad_token_id
        )
        # float32; a prediction keeps float16
        said = module.predict_step(alone, 0)[0].detach().numpy()
        tags = targets_of(example, fitted.tags).tags
        surprise = (1 - smoothing) * -np.log(said[np.arange(len(tags)), tags])
        surprise -= smoothing * np.log(said).mean(-1)
        terms += [example.weight * s for i, s in enumerate(surprise) if i not in example.masked]
    assert loss(
        module, data, fitted.tokenizer, [targets_of(e, fitted.tags) for e in data]
    ) == pytest.approx(np.mean(terms), rel=1e-4)
    whole, half = (
        [targets_of(replace(e, weight=w), fitted.tags) for e in EXAMPLES] for w in (1.0, 0.5)
    )
    gold, silver = (loss(module, EXAMPLES, fitted.tokenizer, targets) for targets in (whole, half))
    assert silver == pytest.approx(gold / 2, rel=1e-5)


def test_wholly_masked_examples_teach_nothing_and_break_nothing(fitted: FittedEncoder) -> None:
    """A loss of 0, not 0 / 0."""
    masked = [replace(e, masked=frozenset(range(len(e.sentence.tokens)))) for e in EXAMPLES]
    fit = tagger(weight_decay=0.0).fit(masked, seed=0, start=fitted)
    assert {value for _, value in fit.report.losses} == {0.0}
    assert equal(weights(fit.model), weights(fitted.model))


def test_windows_are_no_longer_than_the_encoder_reads(fitted: FittedEncoder) -> None:
    """Asked for more, a fit takes what its positions allow, and a long sentence is no index
    error."""
    assert (
        fit_to(fitted.tokenizer, fitted.model, replace(TRAINING, max_length=500)).max_length == 128
    )
    long = gold_example(Sentence("l#0", WORDS * 20, (Span(1, 2, "Method"),)))
    wide = tagger(max_length=500).fit([long], seed=0)
    assert wide.config.max_length == 128 and len(rows(wide, [long.sentence])[0]) == 200


def test_precision_auto_is_one_that_works() -> None:
    """``auto`` resolves to a precision Lightning knows, and a given one is kept."""
    assert Device("cpu").resolved_precision() in ("bf16-mixed", "32-true")
    assert [Device("cpu", p).resolved_precision() for p in ("bf16-mixed", "32-true")] == [
        "bf16-mixed",
        "32-true",
    ]
    assert np.isfinite(fit_rows(device=Device("cpu"))[0]).all()


# identity, for the store


def test_identity_is_all_that_a_fit_depends_on(fitted: FittedEncoder, tmp_path: Path) -> None:
    """Its spelling knows every type in it, and everything that changes a result changes it."""
    fitted.save(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    at_a, at_b = (tagger(source=Source(path=str(tmp_path / name))) for name in "ab")
    assert canonical(at_a.identity()) == canonical(at_b.identity())
    weights_file = tmp_path / "b" / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-1] + b"\x01")
    others = [tagger(), tagger(MIXED), tagger(replace(FULL, threads=7)), tagger(lr=0.5), at_a, at_b]
    assert len({canonical(t.identity()) for t in others}) == len(others)


def test_a_restored_encoder_predicts_what_it_predicted(
    fitted: FittedEncoder, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    restored = tagger().restore(tmp_path, fitted.report)
    assert same(rows(restored), rows(fitted)) and restored.report == fitted.report
    assert not any(m.training for m in restored.model.modules())


def test_embeddings_are_a_sentences_own(fitted: FittedEncoder) -> None:
    """One row a sentence, whatever stands beside it; the mean of the last layer over its pieces."""
    found = fitted.embeddings(SENTENCES)
    alone = np.concatenate([fitted.embeddings([s]) for s in SENTENCES])
    assert found.shape == (len(SENTENCES), CONFIG["hidden_size"])
    np.testing.assert_allclose(found, alone, atol=1e-5)
    (window,) = windows(fitted.tokenizer, SENTENCES[:1], 128, 16)
    with torch.inference_mode():
        states = fitted.model.base_model(torch.tensor([window.ids])).last_hidden_state[0]
    np.testing.assert_allclose(found[0], states.mean(0).numpy(), atol=1e-5)


def test_a_sentence_of_many_windows_has_an_embedding(fitted: FittedEncoder) -> None:
    assert np.isfinite(fitted.embeddings([Sentence("long#0", ("word",) * 500)])).all()
    assert fitted.embeddings([]).shape == (0, CONFIG["hidden_size"])


def test_samples_scatter_about_the_prediction_and_leave_nothing_behind(
    fitted: FittedEncoder,
) -> None:
    before, state = rows(fitted), torch.get_rng_state()
    (first, again, other) = (list(fitted.samples(SENTENCES, 4, seed)) for seed in (0, 0, 1))
    assert [s.shape for s in first] == [(4, len(s.tokens), len(TAGS)) for s in SENTENCES]
    assert same(first, again) and not same(first, other)
    assert all((sample[0] != sample[1]).any() for sample in first)
    assert all(np.allclose(sample.sum(-1), 1, atol=1e-5) for sample in first)
    assert (
        same(rows(fitted), before)
        and torch.equal(torch.get_rng_state(), state)
        and not fitted.model.training
    )


def test_certain_soft_labels_train_as_hard_ones_and_others_do_not() -> None:
    tags = tagset(LABELS)
    sure = [
        np.eye(len(tags), dtype=np.float16)[[tags.index(t) for t in tags_of(e)]] for e in EXAMPLES
    ]
    soft = [replace(e, distribution=rows) for e, rows in zip(EXAMPLES, sure, strict=True)]
    flat = [
        replace(e, distribution=0.5 * rows + 0.5 / len(tags))
        for e, rows in zip(EXAMPLES, sure, strict=True)
    ]
    hard = fit_rows()
    for a, b, c in zip(hard, fit_rows(soft), fit_rows(flat), strict=True):
        assert np.allclose(a, b, atol=2e-3)
        assert not np.allclose(a, c, atol=2e-3)


def test_options_are_settings_of_the_fit_alone() -> None:
    """An identity without options is what it was before there were any: stored fits stay valid.
    So it is without label smoothing."""
    one = tagger()
    assert one.adjusted(FitOptions()).identity() == one.identity()
    assert not {"gold_share", "label_smoothing"} & one.identity()["recipe"].keys()
    assert tagger(label_smoothing=0.1).identity() != one.identity()
    assert one.adjusted(FitOptions(steps=7)).identity() == tagger(steps=7).identity()
    assert one.adjusted(FitOptions(gold_share=0.5)).identity() != one.identity()


def test_a_share_of_gold_changes_what_a_fit_sees() -> None:
    """Two gold sentences among six of silver: half of what is seen is of these two."""
    mixed = [replace(e, source="gold" if i < 2 else "silver") for i, e in enumerate(EXAMPLES)]
    assert tagger().fit(mixed, seed=0).report.gold_tokens is None
    report = tagger(steps=60, batch_size=2, gold_share=0.5).fit(mixed, seed=0).report
    sizes = [len(e.sentence.tokens) for e in mixed]
    gold, silver = sum(sizes[:2]) / 2, sum(sizes[2:]) / 6  # tokens of a window, on average
    assert report.gold_tokens is not None
    assert report.gold_tokens / report.tokens == pytest.approx(gold / (gold + silver), abs=0.05)


def test_a_last_stage_sees_gold_alone() -> None:
    """Silver is half of what comes before; the report counts both stages."""
    mixed = [replace(e, source="gold" if i % 2 else "silver") for i, e in enumerate(EXAMPLES)]
    plain = tagger(steps=6, batch_size=4).fit(mixed, seed=0)
    longer = tagger(steps=6, batch_size=4, finish_steps=4).fit(mixed, seed=0)
    assert longer.report.steps == 10 and longer.report.losses[-1][0] == 10
    assert longer.report.losses[:6] == plain.report.losses
    of_gold = longer.report.tokens - plain.report.tokens
    assert longer.report.gold_tokens is not None and longer.report.gold_tokens > of_gold > 0
    relabelled = [replace(e, spans=()) if e.source == "silver" else e for e in mixed]
    other = tagger(steps=1, lr=0.0, head_lr=0.0, finish_steps=4, batch_size=4)
    assert same(rows(other.fit(mixed, seed=0)), rows(other.fit(relabelled, seed=0)))


def test_a_moving_average_lies_between_the_first_weights_and_the_last() -> None:
    start, last, averaged = (
        tagger(lr=0.01, weight_decay=0.0, **settings).fit(EXAMPLES, seed=0).model.state_dict()
        for settings in ({"steps": 1}, {"steps": 8}, {"steps": 8, "ema": 0.999})
    )
    moved = [(last[k] - start[k]).abs().sum().item() for k in last]
    short = [(averaged[k] - start[k]).abs().sum().item() for k in last]
    assert 0 < sum(short) < sum(moved)
