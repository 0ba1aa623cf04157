"""Soft labels: silver as the teacher's label distributions (Hinton et al. 2015, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from tempfile import TemporaryFile

import numpy as np

from sciner.loop.outcomes import Predicted
from sciner.score.temperature import LEAST
from sciner.text.corpus import Example, tagset
from sciner.text.prediction import Floats, Halves


def soften(
    examples: Sequence[Example],
    annotations: Iterable[Predicted],
    labels: Sequence[str],
    temperature: float,
) -> list[Example]:
    """Give each silver example the label distribution of its annotation.

    The distributions are in one memory-mapped file, [tokens of all examples, tags] float16, which
    is deleted with the last example that uses it.

    Args:
        examples: silver.
        annotations: one or several; a sentence's latest one counts.
        labels: the classes.
        temperature: see ``tempered``.
    """
    ends = np.cumsum([len(e.sentence.tokens) for e in examples]).tolist()
    if not ends or not ends[-1]:
        return list(examples)
    with TemporaryFile() as file:
        shape = (ends[-1], len(tagset(labels)))
        # a plain array, because a slice of a memmap takes four times the memory
        rows = np.asarray(np.memmap(file, dtype=np.float16, mode="w+", shape=shape))
    ends_of = {e.sentence.id: end for e, end in zip(examples, ends, strict=True)}
    for made in annotations:
        for p in made.read():
            if end := ends_of.get(p.sentence.id):
                rows[end - len(p.distribution) : end] = tempered(p.distribution, temperature)
    return [
        replace(e, distribution=rows[end - len(e.sentence.tokens) : end])
        for e, end in zip(examples, ends, strict=True)
    ]


def tempered(distribution: Halves, temperature: float) -> Halves | Floats:
    """Raise probabilities to the power of 1 / ``temperature`` and normalise them.

    A temperature above 1 makes them more equal, one below 1 more extreme.

    Args:
        distribution: [tokens, tags].
        temperature: > 0.
    """
    if temperature == 1:
        return distribution
    rows = np.maximum(distribution.astype(np.float32), LEAST)
    # below 1 each, so that the largest power is 1 and their sum no 0
    powers = (rows / rows.max(-1, keepdims=True)) ** (1 / temperature)
    found: Floats = powers / powers.sum(-1, keepdims=True)
    return found
