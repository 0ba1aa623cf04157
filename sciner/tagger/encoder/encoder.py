"""The fine-tuned encoder: a pretrained BERT-type model with a token classification head."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import transformers
from torch import Tensor

from sciner import progress
from sciner.tagger.base import Capabilities, FitOptions, FitReport, Fitted
from sciner.tagger.encoder import CAPABILITIES, mc_dropout, vectors
from sciner.tagger.encoder.batches import Targets, collate, repeats, training_batches
from sciner.tagger.encoder.cpu.attention import lean_attention_in
from sciner.tagger.encoder.cpu.bf16 import narrow_stream
from sciner.tagger.encoder.cpu.dropout import cheap_dropout
from sciner.tagger.encoder.cpu.embeddings import only_rows
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.ema import MovingAverage
from sciner.tagger.encoder.export import mark_beginnings
from sciner.tagger.encoder.lora import Lora
from sciner.tagger.encoder.module import TokenClassifier, TrainingConfig, narrowed
from sciner.tagger.encoder.packed import PackedWindows
from sciner.tagger.encoder.predict import Forward, Reader, predict
from sciner.tagger.encoder.source import Source
from sciner.tagger.encoder.weights import load, load_trained
from sciner.tagger.encoder.windows import each_window
from sciner.text.corpus import Example, Sentence, tags_of, tagset
from sciner.text.prediction import Floats, Prediction

CURVE_POINTS = 50  # of a training curve
FINISH_RATE = 0.3  # of a last stage on gold, times the learning rates of the fit
COMPUTING = 2  # raised where the same settings come to train another encoder


@dataclass(frozen=True)
class EncoderTagger:
    """An encoder to be fine-tuned for the classes ``labels``.

    With ``lora``, adapters are trained in place of the encoder.
    """

    capabilities: ClassVar[Capabilities] = CAPABILITIES
    source: Source
    config: TrainingConfig
    device: Device
    labels: tuple[str, ...]
    lora: Lora | None = None

    def identity(self) -> dict[str, Any]:
        """All that a fit depends on beside examples, seed and start (``tagger.base.Tagger``)."""
        return {
            "kind": "encoder",
            "computing": COMPUTING,
            "labels": self.labels,
            "source": self.source.identity(),
            # names in keys stay: another name would be another key
            "recipe": self.config.identity(),
            "lora": asdict(self.lora) | {"peft": version("peft")} if self.lora else None,
            "machine": self.device.identity(),
            "transformers": transformers.__version__,
        }

    def adjusted(self, options: FitOptions) -> EncoderTagger:
        """The same encoder, trained as ``options`` say."""
        given = asdict(options) | {"steps": options.steps or self.config.steps}
        return replace(self, config=replace(self.config, **given))

    def restore(self, directory: Path, report: FitReport) -> FittedEncoder:
        """The trained encoder that ``FittedEncoder.save`` wrote."""
        tags = tagset(self.labels)
        with torch.random.fork_rng():
            tokenizer, model = load_trained(directory, tags)
        return FittedEncoder(
            tokenizer,
            model.eval(),
            tags,
            fit_to(tokenizer, model, self.config),
            self.device,
            report,
        )

    def fit(
        self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None
    ) -> FittedEncoder:
        """Fine-tune for ``config.steps`` optimiser steps.

        Its randomness (head, dropout, order) derives from ``seed`` alone.

        Raises:
            ValueError: there is no example, or ``start`` is another kind of tagger.
        """
        if not examples:
            raise ValueError("nothing to train on")
        tags = tagset(self.labels)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            if start is None:
                tokenizer, model = load(self.source, tags)
            elif isinstance(start, FittedEncoder) and start.tags == tags:
                tokenizer, model = start.tokenizer, start.copy_of_model()
            else:
                raise ValueError(
                    f"an encoder for {tags} cannot start from this {type(start).__name__}"
                )
            config = (
                replace(self.config, lr=self.lora.lr, head_lr=self.lora.lr)
                if self.lora
                else self.config
            )
            fitted = FittedEncoder(
                tokenizer, model, tags, fit_to(tokenizer, model, config), self.device
            )
            with self.lora.adapted(model) if self.lora else nullcontext():
                report = train(fitted, examples, seed)
                if config.finish_steps is not None:
                    report = joined(report, finish(fitted, examples, seed))
            return replace(fitted, report=report)


def fit_to(tokenizer: Any, model: Any, config: TrainingConfig) -> TrainingConfig:
    """The configuration with windows no longer than the encoder reads."""
    limits = [config.max_length, tokenizer.model_max_length]
    # none or -1: relative ones alone
    if (positions := getattr(model.config, "max_position_embeddings", None) or 0) > 0:
        limits.append(positions)
    for name, module in model.named_modules():
        if (
            name.endswith("position_embeddings")
            and getattr(module, "padding_idx", None) is not None
        ):
            # RoBERTa's positions start behind its padding index
            limits.append(module.num_embeddings - module.padding_idx - 1)
    return replace(config, max_length=int(min(limits)))


@dataclass(frozen=True)
class FittedEncoder:
    """A trained encoder; predicts spans with their label distributions."""

    tokenizer: Any
    model: Any
    tags: tuple[str, ...]
    config: TrainingConfig
    device: Device
    report: FitReport = field(default=FitReport(0, 0, 0.0, ()))

    def copy_of_model(self) -> Any:
        """A copy of the model, to be trained further."""
        twin = type(self.model)(self.model.config)
        twin.load_state_dict(self.model.state_dict())
        return twin

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """Predictions in the order of ``sentences``; memory is bounded by two chunks of them."""
        return predict(
            sentences, self.tags, self.reader(), self.forward(), self.device.prediction_threads()[0]
        )

    def reader(self) -> Reader:
        """How sentences become batches for a prediction."""
        return Reader(
            self.tokenizer,
            self.config.max_length,
            self.config.overlap,
            self.device.prediction_pieces(),
        )

    def forward(self) -> Forward:
        """Label distributions of a batch, for threads that predict side by side."""
        model = self.model.eval()
        if self.device.type == "cpu" and self.device.resolved_precision() == "bf16-mixed":
            model = narrowed(model)
        module = TokenClassifier(model, self.config).to(self.device.type)
        _, threads = self.device.prediction_threads()

        def distributions(batch: dict[str, Tensor]) -> Floats:
            with self.device.predicting(threads):
                found: Floats = module.predict_step(self.device.moved(batch), 0).cpu().numpy()
            return found

        return distributions

    def embeddings(self, sentences: Sequence[Sentence]) -> Floats:
        """[sentences, hidden] (``vectors.embeddings``)."""
        return vectors.embeddings(self.model, self.reader(), self.device, sentences)

    def samples(self, sentences: Sequence[Sentence], passes: int, seed: int) -> Iterator[Floats]:
        """[passes, words, tags] a sentence (``mc_dropout.samples``)."""
        classifier = TokenClassifier(self.model, self.config)
        return mc_dropout.samples(classifier, self.reader(), self.device, sentences, passes, seed)

    def save(self, directory: Path) -> None:
        """Write the folder that ``save_pretrained`` writes: safetensors, configuration, tokenizer.

        ``transformers.pipeline`` then reads words as sciner does (``export``).
        """
        self.model.save_pretrained(directory, safe_serialization=True)
        self.tokenizer.save_pretrained(directory)
        mark_beginnings(directory, list(self.tokenizer.model_input_names))
        for weights in directory.glob("*.safetensors"):  # safetensors makes them the owner's alone
            weights.chmod((directory / "config.json").stat().st_mode)


def finish(fitted: FittedEncoder, examples: Sequence[Example], seed: int) -> FitReport:
    """Train on the gold of ``examples`` alone, in place, to forget errors of the silver.

    From NEEDLE (Jiang et al. 2021, arXiv 2106.08977, section 3.3).
    """
    config = fitted.config
    assert config.finish_steps is not None
    last = replace(
        config,
        steps=config.finish_steps,
        lr=FINISH_RATE * config.lr,
        head_lr=FINISH_RATE * config.head_lr,
    )
    gold = [e for e in examples if e.source == "gold"]
    return train(replace(fitted, config=last), gold, seed)


def joined(first: FitReport, last: FitReport) -> FitReport:
    """One report of a fit's two stages."""
    assert first.gold_tokens is not None and last.gold_tokens is not None
    return FitReport(
        first.steps + last.steps,
        first.tokens + last.tokens,
        first.seconds + last.seconds,
        (*first.losses, *((first.steps + step, loss) for step, loss in last.losses)),
        first.gold_tokens + last.gold_tokens,
    )


def train(fresh: FittedEncoder, examples: Sequence[Example], seed: int) -> FitReport:
    """Train the model of ``fresh`` in place."""
    config, began = fresh.config, time.perf_counter()
    text = [e.sentence for e in examples]
    found = PackedWindows.of(
        each_window(fresh.tokenizer, text, config.max_length, config.overlap),
        limit=max(fresh.model.config.vocab_size, config.max_length + 1),
    )
    gold = np.array([e.source == "gold" for e in examples])[found.sentences()]
    shown = repeats(gold, config.gold_share)
    order = training_batches(found.lengths(), config.batch_size, seed, shown)
    tokens, gold_tokens = 0, 0
    losses: list[Tensor] = []

    def batches() -> Iterator[dict[str, torch.Tensor]]:
        nonlocal tokens, gold_tokens
        for _ in range(config.steps):
            chosen = next(order)
            batch = [found[i] for i in chosen]
            sizes = [w.keep[1] - w.keep[0] for w in batch]
            tokens += sum(sizes)
            gold_tokens += int(np.dot(sizes, gold[chosen]))
            # made when they are needed: all of a large training set's would take a gigabyte
            targets = [targets_of(examples[w.sentence], fresh.tags) for w in batch]
            yield fresh.device.pinned(collate(batch, fresh.tokenizer.pad_token_id, targets))

    with progress.bar("fit (steps)", config.steps) as advance:

        def on_step(loss: Tensor) -> None:
            losses.append(loss)
            if average:
                average.update()
            advance(1)

        pieces = found.pieces() | {fresh.tokenizer.pad_token_id}
        trainer = fresh.device.trainer(steps=config.steps, on_step=on_step)
        model = fresh.model
        with (
            only_rows(model, pieces),
            narrow_stream(model),
            cheap_dropout(model),
            lean_attention_in(model),
        ):
            average = MovingAverage(model.parameters(), config.ema) if config.ema else None
            trainer.fit(TokenClassifier(model, config), batches())
            if average:
                average.apply()
    if len(losses) != config.steps:
        raise RuntimeError(f"the fit stopped after {len(losses)} of {config.steps} steps")
    fresh.model.eval()
    drawn = curve(torch.stack(losses).tolist())  # and a GPU is done
    return FitReport(
        config.steps,
        tokens,
        time.perf_counter() - began,
        drawn,
        gold_tokens if config.gold_share or config.finish_steps else None,
    )


def targets_of(example: Example, tags: Sequence[str]) -> Targets:
    """Tag indices, or distributions, and loss weights of an example's words."""
    number = {tag: i for i, tag in enumerate(tags)}
    weights = [
        0.0 if i in example.masked else example.weight for i in range(len(example.sentence.tokens))
    ]
    return Targets([number[tag] for tag in tags_of(example)], weights, example.distribution)


def curve(losses: Sequence[float]) -> tuple[tuple[int, float], ...]:
    """Means of the loss over at most CURVE_POINTS stretches, each at its last step."""
    parts = np.array_split(np.arange(len(losses)), min(CURVE_POINTS, len(losses)))
    return tuple(
        (int(part[-1]) + 1, float(np.mean([losses[i] for i in part])))
        for part in parts
        if len(part)
    )
