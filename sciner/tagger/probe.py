"""Inside a trained encoder: what it makes of a sentence, and how its answers scatter under dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from sciner import progress
from sciner.tagger.batches import prediction_batches
from sciner.tagger.dropout import cheap_dropout
from sciner.tagger.encode import Window, merge
from sciner.tagger.module import TokenClassifier
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats

if TYPE_CHECKING:
    from sciner.tagger.encoder import FittedEncoder

CHUNK = 1024  # sentences held at once, with all their passes


def embeddings(fitted: FittedEncoder, sentences: Sequence[Sentence]) -> Floats:
    """[sentences, hidden]: the mean of the last layer over a sentence's pieces; of several windows, their mean."""

    def forward(batch: dict[str, Tensor]) -> Tensor:
        ids, mask = batch["input_ids"], batch["attention_mask"]
        states = fitted.net.base_model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        means: Tensor = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return means

    rows = np.zeros((len(sentences), fitted.net.config.hidden_size), dtype=np.float32)
    with progress.bar("embed (sentences)", len(sentences)) as advance:
        for at in range(0, len(sentences), CHUNK):
            chunk = sentences[at : at + CHUNK]
            found = fitted.reader().windows(chunk)
            shares = 1 / np.bincount([w.sentence for w in found], minlength=len(chunk))
            for window, row in zip(found, run(fitted, found, forward), strict=True):
                rows[at + window.sentence] += row * shares[window.sentence]
            advance(len(chunk))
    return rows


def samples(fitted: FittedEncoder, sentences: Sequence[Sentence], passes: int, seed: int) -> Iterator[Floats]:
    """[passes, words, tags] label distributions of each sentence, every pass with another dropout mask (Gal & Ghahramani 2016).

    Masks derive from ``seed`` and the order of ``sentences``. Memory is bounded by a chunk of them.
    """
    module = TokenClassifier(fitted.net, fitted.recipe)

    def forward(batch: dict[str, Tensor]) -> Tensor:
        distributions: Tensor = module(batch).softmax(-1)
        return distributions

    def drawn(found: Sequence[Window], number: int) -> list[Any]:
        with torch.random.fork_rng(), cheap_dropout(fitted.net):
            torch.manual_seed(int(np.random.default_rng((seed, number)).integers(2**63)))
            fitted.net.train()
            try:
                rows = run(fitted, found, forward)
            finally:
                fitted.net.eval()
        return [row[: len(window.firsts)] for window, row in zip(found, rows, strict=True)]

    with progress.bar(f"annotate with dropout, {passes} passes (sentences)", len(sentences)) as advance:
        for at in range(0, len(sentences), CHUNK):
            chunk = sentences[at : at + CHUNK]
            found = fitted.reader().windows(chunk)
            each = [merge(len(chunk), found, drawn(found, at * passes + k)) for k in range(passes)]
            for i in range(len(chunk)):
                yield np.stack([merged[i] for merged in each])
            advance(len(chunk))


def run(fitted: FittedEncoder, found: Sequence[Window], forward: Callable[[dict[str, Tensor]], Tensor]) -> list[Any]:
    """What ``forward`` says of each window, in batches of similar length and in the precision of a prediction."""
    reader, rows = fitted.reader(), [None] * len(found)
    batches = prediction_batches(found, reader.budget)
    fitted.net.to(fitted.machine.device())
    with fitted.machine.predicting():
        for batch, tensors in zip(batches, reader.tensors(found, batches), strict=True):
            output = forward(fitted.machine.moved(tensors))
            for i, row in zip(batch, output.float().cpu().numpy(), strict=True):
                rows[i] = row
    return rows
