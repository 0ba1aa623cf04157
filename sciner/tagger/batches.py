"""Windows to batches: sorted into few padded lengths, each of about the same number of pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sciner.tagger.encode import Window

# Few shapes keep oneDNN's primitive cache, and with it memory, small: free-form padding was seen to reach 4 GB.
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
STEP_PIECES = 2048  # of a training step, at most and about: bounds its memory, whatever the corpus (minilm: under 2 GB)


@dataclass(frozen=True, slots=True)
class Targets:
    """One sentence's training targets. tags: [words] indices into the tag set. weights: [words], 0 where masked."""

    tags: list[int]
    weights: list[float]


def padded(length: int) -> int:
    """The least padded length that holds ``length`` pieces (windows longer than 512 stay as they are)."""
    return next((n for n in LENGTHS if n >= length), length)


def training_batches(found: Sequence[Window], batch_size: int, seed: int) -> Iterator[list[int]]:
    """Endless epochs of batches holding ``batch_size`` windows on average: many short ones or few long ones, so that a step
    costs about the same time and memory whatever it holds. The order derives from ``seed`` alone.

    An epoch is as many batches as bring the mean nearest to ``batch_size``; more, where they would exceed STEP_PIECES.
    """
    rng = np.random.default_rng(seed)
    lengths = np.array([padded(len(w.ids)) for w in found])
    count = max(1, round(len(found) / batch_size), -(-int(lengths.sum()) // STEP_PIECES))
    while True:
        shuffled = rng.permutation(len(found))
        by_length = shuffled[np.argsort(lengths[shuffled], kind="stable")]
        # a window belongs to the batch in whose equal share of all pieces its middle lies
        ends = lengths[by_length].cumsum()
        batch = ((ends - lengths[by_length] / 2) * count / ends[-1]).astype(int)
        batches = [by_length[batch == k].tolist() for k in range(count)]
        for k in rng.permutation(count):
            if batches[k]:
                yield batches[k]


def prediction_batches(found: Sequence[Window], budget: int = 4096) -> list[list[int]]:
    """All windows once, sorted by length, in batches of at most ``budget`` padded pieces (and at least one window)."""
    batches: list[list[int]] = []
    for i in sorted(range(len(found)), key=lambda i: len(found[i].ids)):
        if not batches or (len(batches[-1]) + 1) * padded(len(found[i].ids)) > budget:
            batches.append([])
        batches[-1].append(i)
    return batches


def collate(batch: Sequence[Window], pad: int, targets: Sequence[Targets] | None = None) -> dict[str, Tensor]:
    """Tensors of B windows, T padded pieces and W words.

    input_ids, attention_mask: [B, T]. firsts: [B, W] position of each word's first piece. With targets: tags [B, W] and
    weights [B, W], 0 for padding, for masked words and for words another window answers for.
    """
    length = padded(max(len(w.ids) for w in batch))
    width = max(1, max(len(w.firsts) for w in batch))
    ids = torch.full((len(batch), length), pad)
    mask = torch.zeros((len(batch), length), dtype=torch.long)
    firsts = torch.zeros((len(batch), width), dtype=torch.long)
    tags = torch.zeros((len(batch), width), dtype=torch.long)
    weights = torch.zeros((len(batch), width))
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        mask[row, : len(window.ids)] = 1
        firsts[row, : len(window.firsts)] = torch.tensor(window.firsts, dtype=torch.long)
        if targets is not None:
            low, high = window.keep
            kept = slice(low - window.start, high - window.start)
            tags[row, kept] = torch.tensor(targets[row].tags[low:high], dtype=torch.long)
            weights[row, kept] = torch.tensor(targets[row].weights[low:high])
    tensors = {"input_ids": ids, "attention_mask": mask, "firsts": firsts}
    return tensors if targets is None else tensors | {"tags": tags, "weights": weights}
