"""Diversity sampling; the algorithms are in ``policy.diversity``."""

from __future__ import annotations

from sciner.policy import diversity
from sciner.policy.acquisition.base import Evidence, Scores, Strategy, acquisition, descending


@acquisition("k_means", needs={"embeddings"})
class KMeans(Strategy):
    """The sentences nearest to the centres of as many clusters (Zhdanov 2019)."""

    def scores(self, evidence: Evidence) -> Scores:
        rows = evidence.embeddings()[evidence.by_id]
        return descending(evidence.by_id[diversity.k_means(rows, evidence.count, evidence.seed)])


@acquisition("core_set", needs={"embeddings"})
class CoreSet(Strategy):
    """The sentences furthest from all that is bought (Sener & Savarese 2018)."""

    def scores(self, evidence: Evidence) -> Scores:
        rows = evidence.embeddings()[evidence.by_id]
        order = diversity.core_set(rows, evidence.known(), evidence.count, evidence.seed)
        return descending(evidence.by_id[order])
