"""Cohen's kappa, wherever two say something of the same tokens."""

from __future__ import annotations

from collections.abc import Mapping


def cohen_kappa(pairs: Mapping[tuple[str, str], int]) -> float | None:
    """Cohen's kappa in [-1, 1] of two annotators, by how often each pair of their answers was
    given. None where it is 0 / 0: without a pair, and where both give one and the same answer
    throughout."""
    if len({answer for pair in pairs for answer in pair}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    first, second = zip(*pairs, strict=True)
    return float(cohen_kappa_score(first, second, sample_weight=list(pairs.values())))
