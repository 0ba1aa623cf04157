"""Prediction: forward passes run in threads of their own.

Meanwhile the next sentences are tokenised and the last ones decoded (tokenizers and torch release
the interpreter's lock).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from torch import Tensor

from sciner import progress
from sciner.tagger import decode
from sciner.tagger.encoder.batches import PREDICTION_LENGTHS, collate, prediction_batches
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.windows import Window, answered, windows
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats, Prediction

CHUNK = 4096  # sentences sorted by length together in a prediction; two chunks are held

# a batch to label distributions [B, W, tags], float32
Forward = Callable[[dict[str, Tensor]], Floats]


@dataclass(frozen=True, slots=True)
class Reader:
    """How sentences become batches; ``budget`` is the most padded pieces of one."""

    tokenizer: Any
    max_length: int
    overlap: int
    budget: int

    def windows(self, sentences: Sequence[Sentence]) -> list[Window]:
        return windows(self.tokenizer, sentences, self.max_length, self.overlap)

    def tensors(
        self, found: Sequence[Window], batches: Sequence[Sequence[int]]
    ) -> Iterator[dict[str, Tensor]]:
        for batch in batches:
            yield collate(
                [found[i] for i in batch], self.tokenizer.pad_token_id, lengths=PREDICTION_LENGTHS
            )


@dataclass(frozen=True, slots=True)
class Begun:
    """A chunk whose forward passes are queued; ``outputs`` has one result per batch."""

    sentences: Sequence[Sentence]
    windows: list[Window]
    batches: list[list[int]]
    outputs: list[Future[Floats]]


def predict(
    sentences: Sequence[Sentence],
    tags: Sequence[str],
    reader: Reader,
    forward: Forward,
    threads: int = 1,
) -> Iterator[Prediction]:
    """Yield predictions in the order of ``sentences``.

    Args:
        sentences: without labels.
        tags: the tag set.
        reader: makes batches.
        forward: predicts a batch, in a thread.
        threads: how many batches are predicted at a time.
    """
    pool = ThreadPoolExecutor(threads, "forward")
    chunks = (sentences[at : at + CHUNK] for at in range(0, len(sentences), CHUNK))
    try:
        with progress.bar("annotate (sentences)", len(sentences)) as advance:
            # pairwise: a chunk is begun before the one in front of it is finished
            begun = (begin(chunk, reader, forward, pool) for chunk in chunks)
            for chunk, _ in pairwise(chain(begun, [None])):
                assert chunk is not None
                yield from finish(chunk, tags, advance)
    finally:
        pool.shutdown(cancel_futures=True)


def begin(
    sentences: Sequence[Sentence], reader: Reader, forward: Forward, pool: ThreadPoolExecutor
) -> Begun:
    """Queue the forward passes of a chunk."""
    found = reader.windows(sentences)
    batches = prediction_batches(found, reader.budget)
    return Begun(
        sentences,
        found,
        batches,
        [pool.submit(forward, tensors) for tensors in reader.tensors(found, batches)],
    )


def finish(
    chunk: Begun, tags: Sequence[str], advance: Callable[[int], None]
) -> Iterator[Prediction]:
    """Yield the predictions of a chunk.

    A sentence is decoded once all its windows are there, while the threads go on.
    """
    of: list[list[int]] = [[] for _ in chunk.sentences]  # windows
    for i, window in enumerate(chunk.windows):
        of[window.sentence].append(i)
    rows: dict[int, Floats] = {}
    made: dict[int, Prediction] = {}
    for batch, output in zip(chunk.batches, chunk.outputs, strict=True):
        rows |= {
            i: answered(chunk.windows[i], row)
            for i, row in zip(batch, output.result(), strict=True)
        }
        seen = dict.fromkeys(chunk.windows[i].sentence for i in batch)
        whole = [at for at in seen if all(i in rows for i in of[at])]
        joined = [np.concatenate([rows.pop(i) for i in of[at]]) for at in whole]
        made |= zip(
            whole,
            decode.predictions([chunk.sentences[at] for at in whole], joined, tags),
            strict=True,
        )
        advance(len(whole))
    yield from map(made.pop, range(len(chunk.sentences)))


def outputs(
    model: Any,
    reader: Reader,
    device: Device,
    found: Sequence[Window],
    forward: Callable[[dict[str, Tensor]], Tensor],
) -> list[Any]:
    """The output of ``forward`` for each window, in batches of similar length."""
    rows: list[Any] = [None] * len(found)
    batches = prediction_batches(found, reader.budget)
    model.to(device.type)
    with device.predicting():
        for batch, tensors in zip(batches, reader.tensors(found, batches), strict=True):
            output = forward(device.moved(tensors))
            for i, row in zip(batch, output.float().cpu().numpy(), strict=True):
                rows[i] = row
    return rows
