"""Monte Carlo dropout: how a trained encoder's answers vary (Gal & Ghahramani 2016)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sciner import progress
from sciner.tagger.encoder.cpu.dropout import cheap_dropout
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.module import TokenClassifier
from sciner.tagger.encoder.predict import Reader, outputs
from sciner.tagger.encoder.windows import Window, merge
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats

CHUNK = 1024  # sentences held at once, with all their passes


def samples(
    classifier: TokenClassifier,
    reader: Reader,
    device: Device,
    sentences: Sequence[Sentence],
    passes: int,
    seed: int,
) -> Iterator[Floats]:
    """Yield several label distributions of each sentence, each with another dropout mask.

    Masks derive from ``seed`` and the order of ``sentences``. Memory is bounded by a chunk of them.

    Returns:
        [passes, words, tags] for each sentence.
    """

    def forward(batch: dict[str, Tensor]) -> Tensor:
        distributions: Tensor = classifier(batch).softmax(-1)
        return distributions

    def drawn(found: Sequence[Window], number: int) -> list[Any]:
        with torch.random.fork_rng(), cheap_dropout(classifier.model):
            torch.manual_seed(int(np.random.default_rng((seed, number)).integers(2**63)))
            classifier.model.train()
            try:
                rows = outputs(classifier.model, reader, device, found, forward)
            finally:
                classifier.model.eval()
        return [row[: len(window.firsts)] for window, row in zip(found, rows, strict=True)]

    with progress.bar(
        f"annotate with dropout, {passes} passes (sentences)", len(sentences)
    ) as advance:
        for at in range(0, len(sentences), CHUNK):
            chunk = sentences[at : at + CHUNK]
            found = reader.windows(chunk)
            each = [merge(len(chunk), found, drawn(found, at * passes + k)) for k in range(passes)]
            for i in range(len(chunk)):
                yield np.stack([merged[i] for merged in each])
            advance(len(chunk))
