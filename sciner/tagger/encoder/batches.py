"""Batches of windows: few padded lengths, each batch with about the same number of pieces."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sciner.tagger.encoder.windows import Window
from sciner.text.prediction import Floats, Halves

# Few shapes keep oneDNN's primitive cache, and with it memory, small: free-form padding was seen to
# reach 4 GB.
LENGTHS = (16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512)
# less padding; without gradients a shape costs little memory
PREDICTION_LENGTHS = tuple(range(8, 513, 8))
# of a training step, at most: bounds its memory, whatever the corpus (minilm: under 2 GB)
STEP_COST = 3500


@dataclass(frozen=True, slots=True)
class Targets:
    """One sentence's training targets.

    Attributes:
        tags: [words], indices into the tag set.
        weights: [words], 0 where masked.
        distribution: [words, tags] float16, learnt in place of ``tags``.
    """

    tags: list[int]
    weights: list[float]
    distribution: Halves | None = None


def padded(length: int, lengths: Sequence[int] = LENGTHS) -> int:
    """The smallest of ``lengths`` (ascending) for ``length`` pieces, or ``length`` itself."""
    at = bisect_left(lengths, length)
    return lengths[at] if at < len(lengths) else length


def cost(length: int) -> float:
    """The cost of a window of ``length`` padded pieces in a fit, in pieces.

    Attention has length x length weights per head.
    """
    return length * (1 + length / 256)


def batch_sizes(lengths: Sequence[int], budget: float) -> list[int]:
    """Numbers of windows per batch.

    Args:
        lengths: of the windows, padded and ascending; batches take them in this order.
        budget: the most that a batch costs when padded to its longest window; a batch has at least
            one.
    """
    sizes: list[int] = []
    for length in lengths:
        if not sizes or (sizes[-1] + 1) * cost(length) > budget:
            sizes.append(0)
        sizes[-1] += 1
    return sizes


def repeats(gold: npt.NDArray[np.bool_], gold_share: float | None) -> Floats | None:
    """How often an epoch shows each window on average, for a given share of gold.

    Every window is shown at least once, and those of the rarer source more often.

    Args:
        gold: [windows], whether each is gold.
        gold_share: of what an epoch shows.

    Returns:
        [windows]; None where every window is shown once.
    """
    n_gold, n_silver = int(gold.sum()), int((~gold).sum())
    if gold_share is None or not n_gold or not n_silver:
        return None
    times = gold_share / (1 - gold_share) * n_silver / n_gold
    return np.where(gold, max(times, 1.0), max(1 / times, 1.0)).astype(np.float32)


def epoch_of(shown: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Indices of an epoch's windows, each as often as ``shown`` says on average."""
    times = np.floor(shown + rng.random(len(shown))).astype(int)
    return np.repeat(np.arange(len(shown)), times)


def training_batches(
    pieces: Sequence[int], batch_size: int, seed: int, shown: Floats | None = None
) -> Iterator[list[int]]:
    """Yield endless epochs of batches with ``batch_size`` windows on average.

    A batch has many short windows or few long ones, so that a step costs about the same time and
    memory. The budget of a step is the smallest with which an epoch has as few batches as
    ``batch_size`` asks for, whatever the size of the training set. STEP_COST bounds it, so that a
    corpus of long paragraphs has fewer windows per step.

    Args:
        pieces: of each window.
        batch_size: mean number of windows.
        seed: the order derives from it alone.
        shown: how often an epoch shows each window (``repeats``).
    """
    rng = np.random.default_rng(seed)
    lengths = np.array([padded(n) for n in pieces])
    once = np.arange(len(lengths))
    usual = once if shown is None else np.repeat(once, np.round(shown).astype(int))
    ascending, wanted = np.sort(lengths[usual]).tolist(), max(1, round(len(usual) / batch_size))
    budget = bisect_left(
        range(STEP_COST), True, key=lambda b: len(batch_sizes(ascending, b)) <= wanted
    )
    while True:
        shuffled = rng.permutation(once if shown is None else epoch_of(shown, rng))
        epoch = shuffled[np.argsort(lengths[shuffled], kind="stable")]
        batches = np.split(epoch, np.cumsum(batch_sizes(lengths[epoch].tolist(), budget))[:-1])
        for k in rng.permutation(len(batches)):
            yield batches[k].tolist()


def prediction_batches(found: Sequence[Window], budget: int) -> list[list[int]]:
    """All windows once, sorted by length, in batches of at most ``budget`` padded pieces.

    A batch has at least one window.
    """
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
    """Tensors of a batch of B windows, T padded pieces (one of ``lengths``) and W words.

    Returns:
        input_ids, attention_mask: [B, T]. firsts: [B, W], the position of each word's first piece.
        With targets: tags [B, W] and weights [B, W], which are 0 for padding, for masked words and
        for words that another window predicts; with soft labels also distributions [B, W, K].
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
        if soft := [t.distribution.shape[1] for t in targets if t.distribution is not None]:
            arrays["distributions"] = distributions(batch, targets, tags, soft[0])
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def distributions(
    batch: Sequence[Window], targets: Sequence[Targets], tags: npt.NDArray[np.int64], width: int
) -> Floats:
    """The targets as distributions; a hard label has probability 1.

    Returns:
        [B, W, K] float32.
    """
    found = np.eye(width, dtype=np.float32)[tags]
    for row, (window, target) in enumerate(zip(batch, targets, strict=True)):
        if target.distribution is not None:
            low, high = window.keep
            rows = target.distribution[low:high].astype(np.float32)
            found[row, low - window.start : high - window.start] = rows / rows.sum(
                -1, keepdims=True
            )
    return found
