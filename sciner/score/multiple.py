"""Correction of p values for multiple comparisons."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Adjust the p values of one family (Holm 1979).

    Rejecting those at or below a level then makes one or more false rejections in the family with
    at most that probability.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(
        np.asarray(p, dtype=float)[order] * np.arange(len(order), 0, -1)
    )
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(stepped, 1)
    return [float(value) for value in adjusted]


def holm_by_family(
    p: Sequence[float | None], families: Sequence[Hashable] | None = None
) -> list[float | None]:
    """Adjust the p values of each family; those that are not known stay None.

    Args:
        p: p values, in any order.
        families: of each of them; by default all are of one.

    >>> holm_by_family([0.01, None, 0.04, 0.03], ["a", "a", "b", "a"])
    [0.02, None, 0.04, 0.03]
    """
    of = families or [None] * len(p)
    adjusted: list[float | None] = [None] * len(p)
    for family in dict.fromkeys(of):
        known = {i: one for i, one in enumerate(p) if one is not None and of[i] == family}
        for i, value in zip(known, holm([*known.values()]), strict=True):
            adjusted[i] = value
    return adjusted
