"""Strategies that need no tagger."""

from __future__ import annotations

import numpy as np

from sciner.policy.acquisition.base import Evidence, Scores, Strategy, acquisition


@acquisition("none", buys=False)
class Nothing(Strategy):
    """Nothing is bought: the seed set (and dev) is all the gold there is."""

    def scores(self, evidence: Evidence) -> Scores:
        return np.zeros(len(evidence.candidates))


@acquisition("random")
class Random(Strategy):
    """Random sentences: the baseline of every other strategy."""

    def scores(self, evidence: Evidence) -> Scores:
        return np.zeros(len(evidence.candidates))


@acquisition("longest")
class Longest(Strategy):
    """The sentences with the most tokens."""

    def scores(self, evidence: Evidence) -> Scores:
        return np.array([len(s.tokens) for s in evidence.candidates], dtype=np.float64)
