"""Strategies that look for entities: many of them, or each class in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sciner.policy import uncertainty
from sciner.policy.acquisition.base import Evidence, Scores, Strategy, acquisition, descending
from sciner.policy.diversity import Order


@acquisition("tag_count", needs={"predictions"})
class TagCount(Strategy):
    """The most predicted spans (Esuli et al. 2010)."""

    def scores(self, evidence: Evidence) -> Scores:
        return evidence.scored(uncertainty.tag_count)


@acquisition("round_robin", needs={"predictions"})
class RoundRobin(Strategy):
    """Classes in turn, the rarest in the gold first (Esuli et al. 2010)."""

    def scores(self, evidence: Evidence) -> Scores:
        by_class = np.array([uncertainty.class_scores(p) for p in evidence.predictions()])
        return descending(round_robin(by_class, evidence.counts, evidence.tie_break))


def round_robin(scores: npt.NDArray[np.float64], counts: Sequence[int], tie_break: Order) -> Order:
    """Let each class in turn choose the sentence that most probably contains it.

    Args:
        scores: [candidates, classes].
        counts: spans of each class in the gold.
        tie_break: [candidates].

    Returns:
        [candidates], positions, best first.
    """
    turns = sorted(range(scores.shape[1]), key=lambda c: (counts[c], c))
    orders = [iter(np.lexsort((tie_break, -scores[:, c])).tolist()) for c in turns]
    taken: dict[int, None] = {}
    while len(taken) < len(scores):
        for order in orders:
            if (best := next((i for i in order if i not in taken), None)) is not None:
                taken[best] = None
    return np.array(list(taken), dtype=np.int64)
