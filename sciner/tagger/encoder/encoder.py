"""The fine-tuned encoder: a pretrained BERT-type model with a token classification head."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import transformers
from torch import Tensor

from sciner import progress
from sciner.tagger.base import Capabilities, FitReport, Fitted
from sciner.tagger.encoder import CAPABILITIES, mc_dropout, vectors
from sciner.tagger.encoder.batches import Targets, collate, training_batches
from sciner.tagger.encoder.cpu.attention import lean_attention_in
from sciner.tagger.encoder.cpu.bf16 import narrow_stream
from sciner.tagger.encoder.cpu.dropout import cheap_dropout
from sciner.tagger.encoder.cpu.embeddings import only_rows
from sciner.tagger.encoder.device import Machine
from sciner.tagger.encoder.lora import Lora
from sciner.tagger.encoder.module import Recipe, TokenClassifier, narrowed
from sciner.tagger.encoder.predict import Forward, Reader, predict
from sciner.tagger.encoder.weights import Source, load
from sciner.tagger.encoder.windows import windows
from sciner.text.corpus import Example, Sentence, tags_of, tagset
from sciner.text.prediction import Floats, Prediction

CURVE_POINTS = 50  # of a training curve
COMPUTING = 2  # raised where the same recipe comes to train another encoder


@dataclass(frozen=True)
class EncoderTagger:
    """A recipe over an encoder for the classes ``labels``. lora: adapters are trained in the place of the encoder."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES
    source: Source
    recipe: Recipe
    machine: Machine
    labels: tuple[str, ...]
    lora: Lora | None = None

    def identity(self) -> dict[str, Any]:
        """All that a fit depends on beside examples, seed and start (``tagger.base.Tagger``)."""
        return {
            "kind": "encoder",
            "computing": COMPUTING,
            "labels": self.labels,
            "source": self.source.identity(),
            "recipe": asdict(self.recipe),
            "lora": asdict(self.lora) if self.lora else None,
            "machine": self.machine.identity(),
            "transformers": transformers.__version__,
        }

    def restore(self, directory: Path, report: FitReport) -> FittedEncoder:
        """The trained encoder that ``FittedEncoder.save`` wrote."""
        tags = tagset(self.labels)
        with torch.random.fork_rng():
            tokenizer, net = load(Source(path=str(directory)), tags)
        return FittedEncoder(tokenizer, net.eval(), tags, fit_to(tokenizer, net, self.recipe), self.machine, report)

    def fit(self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None) -> FittedEncoder:
        """Fine-tune for ``recipe.steps`` optimiser steps. Its randomness (head, dropout, order) derives from ``seed`` alone.

        Raises ValueError without examples or with the ``start`` of another kind of tagger.
        """
        if not examples:
            raise ValueError("nothing to train on")
        tags = tagset(self.labels)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            if start is None:
                tokenizer, net = load(self.source, tags)
            elif isinstance(start, FittedEncoder) and start.tags == tags:
                tokenizer, net = start.tokenizer, start.copy_of_net()
            else:
                raise ValueError(f"an encoder for {tags} cannot start from this {type(start).__name__}")
            recipe = replace(self.recipe, lr=self.lora.lr, head_lr=self.lora.lr) if self.lora else self.recipe
            fitted = FittedEncoder(tokenizer, net, tags, fit_to(tokenizer, net, recipe), self.machine)
            with self.lora.adapted(net) if self.lora else nullcontext():
                report = train(fitted, examples, seed)
            return replace(fitted, report=report)


def fit_to(tokenizer: Any, net: Any, recipe: Recipe) -> Recipe:
    """The recipe with windows no longer than the encoder reads."""
    limits = [recipe.max_length, tokenizer.model_max_length]
    if (positions := getattr(net.config, "max_position_embeddings", None) or 0) > 0:  # none or -1: relative ones alone
        limits.append(positions)
    for name, module in net.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            limits.append(module.num_embeddings - module.padding_idx - 1)  # RoBERTa's positions start behind its padding index
    return replace(recipe, max_length=int(min(limits)))


@dataclass(frozen=True)
class FittedEncoder:
    """A trained encoder; predicts spans with their label distributions."""

    tokenizer: Any
    net: Any
    tags: tuple[str, ...]
    recipe: Recipe
    machine: Machine
    report: FitReport = field(default=FitReport(0, 0, 0.0, ()))

    def copy_of_net(self) -> Any:
        twin = type(self.net)(self.net.config)
        twin.load_state_dict(self.net.state_dict())
        return twin

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """Predictions in the order of ``sentences``; memory is bounded by two chunks of them."""
        return predict(sentences, self.tags, self.reader(), self.forward(), self.machine.prediction_threads()[0])

    def reader(self) -> Reader:
        return Reader(self.tokenizer, self.recipe.max_length, self.recipe.overlap, self.machine.prediction_pieces())

    def forward(self) -> Forward:
        """Label distributions of a batch, for threads that predict side by side."""
        net = self.net.eval()
        if self.machine.device() == "cpu" and self.machine.resolved_precision() == "bf16-mixed":
            net = narrowed(net)
        module = TokenClassifier(net, self.recipe).to(self.machine.device())
        _, threads = self.machine.prediction_threads()

        def distributions(batch: dict[str, Tensor]) -> Floats:
            with self.machine.predicting(threads):
                found: Floats = module.predict_step(self.machine.moved(batch), 0).cpu().numpy()
            return found

        return distributions

    def embeddings(self, sentences: Sequence[Sentence]) -> Floats:
        """[sentences, hidden] (``vectors.embeddings``)."""
        return vectors.embeddings(self.net, self.reader(), self.machine, sentences)

    def samples(self, sentences: Sequence[Sentence], passes: int, seed: int) -> Iterator[Floats]:
        """[passes, words, tags] a sentence (``mc_dropout.samples``)."""
        model = TokenClassifier(self.net, self.recipe)
        return mc_dropout.samples(model, self.reader(), self.machine, sentences, passes, seed)

    def save(self, directory: Path) -> None:
        """Write the folder that ``save_pretrained`` writes: safetensors, configuration with the tags, tokenizer."""
        self.net.save_pretrained(directory, safe_serialization=True)
        self.tokenizer.save_pretrained(directory)


def train(fresh: FittedEncoder, examples: Sequence[Example], seed: int) -> FitReport:
    """Train the net of ``fresh`` in place."""
    recipe, began = fresh.recipe, time.perf_counter()
    found = windows(fresh.tokenizer, [e.sentence for e in examples], recipe.max_length, recipe.overlap)
    targets = [targets_of(e, fresh.tags) for e in examples]
    order = training_batches(found, recipe.batch_size, seed)
    tokens, losses = 0, []

    def batches() -> Iterator[dict[str, torch.Tensor]]:
        nonlocal tokens
        for _ in range(recipe.steps):
            batch = [found[i] for i in next(order)]
            tokens += sum(w.keep[1] - w.keep[0] for w in batch)
            yield fresh.machine.pinned(collate(batch, fresh.tokenizer.pad_token_id, [targets[w.sentence] for w in batch]))

    with progress.bar("fit (steps)", recipe.steps) as advance:

        def on_step(step: int, loss: float) -> None:
            losses.append(loss)
            advance(1)

        pieces = {fresh.tokenizer.pad_token_id}.union(*(window.ids for window in found))
        trainer = fresh.machine.trainer(steps=recipe.steps, on_step=on_step)
        with only_rows(fresh.net, pieces), narrow_stream(fresh.net), cheap_dropout(fresh.net), lean_attention_in(fresh.net):
            trainer.fit(TokenClassifier(fresh.net, recipe), batches())
    if len(losses) != recipe.steps:
        raise RuntimeError(f"the fit stopped after {len(losses)} of {recipe.steps} steps")
    fresh.net.eval()
    return FitReport(recipe.steps, tokens, time.perf_counter() - began, curve(losses))


def targets_of(example: Example, tags: Sequence[str]) -> Targets:
    """Tag indices and loss weights of an example's words."""
    number = {tag: i for i, tag in enumerate(tags)}
    weights = [0.0 if i in example.masked else example.weight for i in range(len(example.sentence.tokens))]
    return Targets([number[tag] for tag in tags_of(example)], weights)


def curve(losses: Sequence[float]) -> tuple[tuple[int, float], ...]:
    """Means of the loss over at most CURVE_POINTS stretches, each at its last step."""
    parts = np.array_split(np.arange(len(losses)), min(CURVE_POINTS, len(losses)))
    return tuple((int(part[-1]) + 1, float(np.mean([losses[i] for i in part]))) for part in parts if len(part))
