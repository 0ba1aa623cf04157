"""Predictions as compressed numpy arrays in several files, without text and without pickle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

PART = 4096  # sentences per file, and in memory at once


def write_predictions(
    folder: Path, predictions: Iterable[Prediction], labels: Sequence[str]
) -> None:
    """Write predictions as ``part-<n>.npz`` files.

    Each file has, for S sentences, N tokens, K tags and M spans: lengths [S], the tokens of each
    sentence; repairs [S]; distribution [N, K] float16; confidence [N] float32; spans [M, 4]:
    sentence within the file, start, end, position of the class in ``labels``.

    Args:
        folder: where the files are written.
        predictions: in order.
        labels: the classes, in the order of the distribution's columns.
    """
    number = {label: i for i, label in enumerate(labels)}
    rest = iter(predictions)
    for n, part in enumerate(iter(lambda: list(islice(rest, PART)), [])):
        spans = [(i, s.start, s.end, number[s.label]) for i, p in enumerate(part) for s in p.spans]
        np.savez_compressed(
            folder / f"part-{n:05}.npz",
            allow_pickle=False,
            lengths=np.array([len(p.sentence.tokens) for p in part], dtype=np.int32),
            repairs=np.array([p.repairs for p in part], dtype=np.int32),
            distribution=np.concatenate([p.distribution for p in part]),
            confidence=np.concatenate([p.confidence for p in part]),
            spans=np.array(spans, dtype=np.int32).reshape(-1, 4),
        )


def read_predictions(
    folder: Path, sentences: Sequence[Sentence], labels: Sequence[str]
) -> Iterator[Prediction]:
    """Yield the predictions that ``write_predictions`` wrote, one file in memory at a time.

    Args:
        folder: of the files.
        sentences: those that were predicted, in the same order.
        labels: the classes, in the same order.

    Raises:
        ValueError: the stored lengths differ from those of ``sentences``.
    """
    rest = iter(sentences)
    known: dict[Span, Span] = {}  # equal spans share one object, to save memory
    for file in sorted(folder.glob("part-*.npz")):
        with np.load(file, allow_pickle=False) as part:
            lengths, repairs, rows, confidence, spans = (
                part[name] for name in ("lengths", "repairs", "distribution", "confidence", "spans")
            )
        of: list[list[Span]] = [[] for _ in lengths]
        for i, start, end, label in spans.tolist():
            span = Span(start, end, labels[label])
            of[i].append(known.setdefault(span, span))
        ends = np.cumsum(lengths).tolist()
        for i, (end, sentence) in enumerate(zip(ends, islice(rest, len(ends)), strict=True)):
            start = end - int(lengths[i])
            if len(sentence.tokens) != end - start:
                raise ValueError(
                    f"{sentence.id} has {len(sentence.tokens)} tokens, its stored prediction "
                    f"{end - start}"
                )
            yield Prediction(
                sentence, tuple(of[i]), rows[start:end], confidence[start:end], int(repairs[i])
            )
    if extra := next(rest, None):
        raise ValueError(f"there is no stored prediction for {extra.id}")
