"""Decoding: the most probable tag sequence in which no I-X lacks its B-X (numpy only)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats, Prediction
from sciner.text.spans import decode as spans_of

BLOCK = 256  # sentences decoded at once


def follows(tags: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether the tag of a column may follow the tag of a row.

    I-X needs B-X or I-X before it; all others may follow any tag. Row O is also the start.

    Returns:
        [tags, tags].
    """
    legal = np.ones((len(tags), len(tags)), dtype=bool)
    for j, tag in enumerate(tags):
        if tag.startswith("I-"):
            legal[:, j] = [before in (f"B-{tag[2:]}", tag) for before in tags]
    return legal


def best_legal(distributions: Sequence[Floats], tags: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """Decode distributions into legal IOB2.

    Token probabilities are treated as independent. Each token has its most probable tag if these
    are legal together, else the tag on Viterbi's path.

    Args:
        distributions: [words, tags] of each sentence.
        tags: the tag set.

    Returns:
        [words] tag indices of each sentence.
    """
    legal = follows(tags)
    found = [rows.argmax(axis=1) for rows in distributions]
    broken = [i for i, path in enumerate(found) if not legal[np.append(0, path[:-1]), path].all()]
    for i, path in zip(broken, viterbi([distributions[i] for i in broken], tags), strict=True):
        found[i] = path
    return found


def viterbi(distributions: Sequence[Floats], tags: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """Find the most probable legal tags, with independent token probabilities (Viterbi).

    Args:
        distributions: [words, tags] of each sentence.
        tags: the tag set.

    Returns:
        [words] tag indices of each sentence.
    """
    found: list[npt.NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)] * len(distributions)
    barrier = np.where(follows(tags), 0.0, -np.inf)
    order = sorted(range(len(distributions)), key=lambda i: len(distributions[i]))
    for at in range(0, len(order), BLOCK):
        block = order[at : at + BLOCK]
        width = len(distributions[block[-1]])
        if width == 0:
            continue
        # log probabilities [B, W, K]; behind its end a sentence goes on with a certain O
        scores = np.full((len(block), width, len(tags)), -np.inf)
        scores[:, :, 0] = 0.0
        for row, i in enumerate(block):
            scores[row, : len(distributions[i])] = np.log(
                np.maximum(distributions[i], 1e-30), dtype=np.float64
            )
        best = scores[:, 0] + barrier[0]
        back = np.zeros((len(block), width, len(tags)), dtype=np.int64)
        for t in range(1, width):
            path = best[:, :, None] + barrier  # [B, K before, K]
            back[:, t] = path.argmax(axis=1)
            best = path.max(axis=1) + scores[:, t]
        chosen = np.zeros((len(block), width), dtype=np.int64)
        chosen[:, -1] = best.argmax(axis=1)
        for t in range(width - 1, 0, -1):
            chosen[:, t - 1] = back[np.arange(len(block)), t, chosen[:, t]]
        for row, i in enumerate(block):
            found[i] = chosen[row, : len(distributions[i])]
    return found


def predictions(
    sentences: Sequence[Sentence], distributions: Sequence[Floats], tags: Sequence[str]
) -> Iterator[Prediction]:
    """Decode each sentence's [words, tags] float32 distribution."""
    for sentence, rows, path in zip(
        sentences, distributions, best_legal(distributions, tags), strict=True
    ):
        spans, misplaced = spans_of([tags[k] for k in path])
        assert misplaced == 0, "decoding must emit legal IOB2"
        confidence = rows[np.arange(len(path)), path]
        repairs = int((rows.argmax(axis=1) != path).sum()) if len(path) else 0
        yield Prediction(sentence, spans, rows.astype(np.float16), confidence, repairs)
