"""Windows to batches: sorted into few padded lengths, each of about the same number of pieces."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sciner.tagger.encoder.windows import Window

# Few shapes keep oneDNN's primitive cache, and with it memory, small: free-form padding was seen to
# reach 4 GB.
LENGTHS = (16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512)
# less padding; without gradients a shape costs little memory
PREDICTION_LENGTHS = tuple(range(8, 513, 8))
# of a training step, at most: bounds its memory, whatever the corpus (minilm: under 2 GB)
STEP_COST = 3500


@dataclass(frozen=True, slots=True)
class Targets:
    """One sentence's training targets. tags: [words] indices into the tag set. weights: [words], 0
    where masked."""

    tags: list[int]
    weights: list[float]


def padded(length: int, lengths: Sequence[int] = LENGTHS) -> int:
    """The least of ``lengths`` (ascending) that holds ``length`` pieces; longer windows than any
    stay as they are."""
    at = bisect_left(lengths, length)
    return lengths[at] if at < len(lengths) else length


def cost(length: int) -> float:
    """What a window of ``length`` padded pieces costs in a fit, in pieces: attention keeps length x
    length weights a head."""
    return length * (1 + length / 256)


def batch_sizes(lengths: Sequence[int], budget: float) -> list[int]:
    """Numbers of windows a batch, taken from ``lengths`` (padded, ascending) as they come; each is
    padded to its longest and then costs at most ``budget``, or holds a single window."""
    sizes: list[int] = []
    for length in lengths:
        if not sizes or (sizes[-1] + 1) * cost(length) > budget:
            sizes.append(0)
        sizes[-1] += 1
    return sizes


def training_batches(pieces: Sequence[int], batch_size: int, seed: int) -> Iterator[list[int]]:
    """Endless epochs of batches holding ``batch_size`` windows on average: many short ones or few
    long ones, so that a step costs about the same time and memory whatever it holds. pieces: of
    each window. The order derives from ``seed`` alone.

    The budget of a step is the least with which an epoch has as few batches as ``batch_size``
    asks for, whatever the size of the training set; STEP_COST bounds it, so that a corpus of
    long paragraphs has fewer windows a step.
    """
    rng = np.random.default_rng(seed)
    lengths = np.array([padded(n) for n in pieces])
    ascending, wanted = np.sort(lengths).tolist(), max(1, round(len(pieces) / batch_size))
    budget = bisect_left(
        range(STEP_COST), True, key=lambda b: len(batch_sizes(ascending, b)) <= wanted
    )
    ends = np.cumsum(batch_sizes(ascending, budget))[:-1]
    while True:
        shuffled = rng.permutation(len(pieces))
        batches = np.split(shuffled[np.argsort(lengths[shuffled], kind="stable")], ends)
        for k in rng.permutation(len(batches)):
            yield batches[k].tolist()


def prediction_batches(found: Sequence[Window], budget: int) -> list[list[int]]:
    """All windows once, sorted by length, in batches of at most ``budget`` padded pieces (and at
    least one window)."""
    batches: list[list[int]] = []
    for i in sorted(range(len(found)), key=lambda i: len(found[i].ids)):
        if (
            not batches
            or (len(batches[-1]) + 1) * padded(len(found[i].ids), PREDICTION_LENGTHS) > budget
        ):
            batches.append([])
        batches[-1].append(i)
    return batches


def collate(
    batch: Sequence[Window],
    pad: int,
    targets: Sequence[Targets] | None = None,
    lengths: Sequence[int] = LENGTHS,
) -> dict[str, Tensor]:
    """Tensors of B windows, T padded pieces (one of ``lengths``) and W words.

    input_ids, attention_mask: [B, T]. firsts: [B, W] position of each word's first piece. With
    targets: tags [B, W] and weights [B, W], 0 for padding, for masked words and for words
    another window answers for.
    """
    length = padded(max(len(w.ids) for w in batch), lengths)
    width = max(1, max(len(w.firsts) for w in batch))
    ids = np.full((len(batch), length), pad)
    mask = np.zeros((len(batch), length), np.int64)
    firsts = np.zeros((len(batch), width), np.int64)
    tags = np.zeros((len(batch), width), np.int64)
    weights = np.zeros((len(batch), width), np.float32)
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        firsts[row, : len(window.firsts)] = window.firsts
        if targets is not None:
            low, high = window.keep
            kept = slice(low - window.start, high - window.start)
            tags[row, kept] = targets[row].tags[low:high]
            weights[row, kept] = targets[row].weights[low:high]
    arrays = {"input_ids": ids, "attention_mask": mask, "firsts": firsts}
    if targets is not None:
        arrays |= {"tags": tags, "weights": weights}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
