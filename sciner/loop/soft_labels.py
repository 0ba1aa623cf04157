"""Soft labels: silver as the teacher's label distributions (Hinton et al. 2015, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from tempfile import TemporaryFile

import numpy as np

from sciner.loop.outcomes import Predicted
from sciner.text.corpus import Example, tagset
from sciner.text.prediction import Floats, Halves


def soften(
    examples: Sequence[Example],
    annotations: Iterable[Predicted],
    labels: Sequence[str],
    temperature: float,
) -> list[Example]:
    """Give each silver example the distribution of its annotation.

    annotations: of one pass or several; of a sentence's, the latest counts. The distributions lie
    in one memory-mapped file, [tokens of all examples, tags] float16, which goes with the last
    example that points into it.
    """
    ends = np.cumsum([len(e.sentence.tokens) for e in examples]).tolist()
    if not ends or not ends[-1]:
        return list(examples)
    with TemporaryFile() as file:
        shape = (ends[-1], len(tagset(labels)))
        # as a plain array: a slice of a memmap takes four times the memory of a slice of an array
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
    """[tokens, tags]: probabilities to the power of 1 / ``temperature``, normalised; above 1 they
    come closer to each other, below 1 the largest gains."""
    if temperature == 1:
        return distribution
    powers = distribution.astype(np.float32) ** (1 / temperature)
    found: Floats = powers / powers.sum(-1, keepdims=True)
    return found
