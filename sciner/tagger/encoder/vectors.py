"""Sentence vectors of a trained encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from sciner import progress
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.predict import Reader, outputs
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats

CHUNK = 1024  # sentences held at once


def embeddings(model: Any, reader: Reader, device: Device, sentences: Sequence[Sentence]) -> Floats:
    """The mean of the last layer over a sentence's pieces; of several windows, their mean.

    Returns:
        [sentences, hidden].
    """

    def forward(batch: dict[str, Tensor]) -> Tensor:
        ids, mask = batch["input_ids"], batch["attention_mask"]
        states = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        means: Tensor = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return means

    rows = np.zeros((len(sentences), model.config.hidden_size), dtype=np.float32)
    with progress.bar("embed (sentences)", len(sentences)) as advance:
        for at in range(0, len(sentences), CHUNK):
            chunk = sentences[at : at + CHUNK]
            found = reader.windows(chunk)
            shares = 1 / np.bincount([w.sentence for w in found], minlength=len(chunk))
            for window, row in zip(
                found, outputs(model, reader, device, found, forward), strict=True
            ):
                rows[at + window.sentence] += row * shares[window.sentence]
            advance(len(chunk))
    return rows
