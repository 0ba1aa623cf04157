"""Cohen's kappa."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def cohen_kappa(pairs: Mapping[tuple[str, str], int]) -> float | None:
    """Cohen's kappa of two annotators.

    Args:
        pairs: how often each pair of answers was given.

    Returns:
        Kappa in [-1, 1]; None where it is undefined: no pairs, or one answer throughout.

    >>> cohen_kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    0.4
    """
    answers = sorted({answer for pair in pairs for answer in pair})
    if len(answers) < 2:
        return None
    place = {answer: i for i, answer in enumerate(answers)}
    table = np.zeros((len(answers), len(answers)))
    for (first, second), count in pairs.items():
        table[place[first], place[second]] = count
    by_chance = np.outer(table.sum(axis=0), table.sum(axis=1)) / table.sum()
    # as sklearn.metrics.cohen_kappa_score to the last bit, which takes 50 times as long to check
    # what it is given
    apart = 1 - np.eye(len(answers))
    return float(1 - (apart * table).sum() / (apart * by_chance).sum())
