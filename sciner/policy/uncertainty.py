"""Formulas of uncertainty sampling; higher is bought first.

Distributions are those of the tokens, which are treated as independent; columns as
``corpus.tagset``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sciner.text.prediction import Floats, Prediction
from sciner.text.spans import encode

TINY = 1e-30  # a probability that was rounded to nothing


def least_confidence(p: Prediction) -> float:
    """-log P(y*): the order of 1 - P(y*) without underflow (Culotta & McCallum 2005).

    Long sentences lead.
    """
    return -float(np.log(np.maximum(p.confidence, TINY), dtype=np.float64).sum())


def mnlp(p: Prediction) -> float:
    """-log P(y*) per token: maximum normalised log-probability (Shen et al. 2017, section 4)."""
    return least_confidence(p) / max(1, len(p.confidence))


def margin(p: Prediction) -> float:
    """Minus the mean margin between best and second best tag, in [-1, 0] (Scheffer et al. 2001)."""
    if len(p.distribution) == 0:
        return -1.0
    second, first = np.partition(p.distribution.astype(np.float64), -2, axis=1)[:, -2:].T
    return -float((first - second).mean())


def token_entropy(p: Prediction) -> float:
    """Mean entropy of the tokens' distributions, in nats (Settles & Craven 2008, equation 3)."""
    return float(entropy(p.distribution.astype(np.float64)).mean()) if len(p.distribution) else 0.0


def tag_count(p: Prediction) -> float:
    """Number of predicted spans; with equal numbers, the less confident sentence first.

    From Esuli et al. 2010, who count tokens. It favours long sentences, and was ahead in Kohl et
    al. 2024, who count the budget in sentences.
    """
    return len(p.spans) + below_one(mnlp(p))


def bald(passes: Floats) -> float:
    """Mean mutual information of tag and dropout mask, in nats.

    It is high where the passes disagree and each is confident (Houlsby et al. 2011; Gal et al.
    2017, equation 3; for tagging Siddhant & Lipton 2018).

    Args:
        passes: [passes, tokens, tags] distributions.
    """
    samples = passes.astype(np.float64)
    if samples.shape[1] == 0:
        return 0.0
    return float((entropy(samples.mean(axis=0)) - entropy(samples).mean(axis=0)).mean())


def fluctuation(passes: Sequence[Prediction]) -> float:
    """Number of tags that changed between consecutive rounds, summed over the rounds.

    Tag flips as in Zheng et al. 2018, section 3.4.3 (over histories of scores: Yao et al. 2020).
    With equal numbers, or a single prediction, the less confident sentence comes first.
    """
    tags = [encode(p.spans, len(p.sentence.tokens)) for p in passes]
    flips = sum(
        a != b for before, after in pairwise(tags) for a, b in zip(before, after, strict=True)
    )
    return flips + below_one(mnlp(passes[-1]))


def class_scores(p: Prediction) -> npt.NDArray[np.float64]:
    """The largest probability of each class over the tokens (Esuli et al. 2010, section 2).

    Returns:
        [classes].
    """
    rows = p.distribution.astype(np.float64)
    by_class = rows[:, 1:].reshape(len(rows), -1, 2).sum(axis=2)  # B-X and I-X stand side by side
    return np.asarray(by_class.max(axis=0, initial=0.0), dtype=np.float64)


def entropy(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Entropy in nats, over the last axis."""
    return np.asarray(
        -(probabilities * np.log(np.maximum(probabilities, TINY))).sum(axis=-1), dtype=np.float64
    )


def below_one(value: float) -> float:
    """A value >= 0 in [0, 1), in the same order: it decides between equal whole numbers alone."""
    return value / (1 + value)
