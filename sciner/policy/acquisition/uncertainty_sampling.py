"""Uncertainty sampling; the formulas are in ``policy.uncertainty``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from sciner.policy import uncertainty
from sciner.policy.acquisition.base import Evidence, Scores, Strategy, acquisition
from sciner.policy.settings import Between
from sciner.text.prediction import Prediction


@acquisition("least_confidence", needs={"predictions"})
class LeastConfidence(Strategy):
    """The least probable answers (Culotta & McCallum 2005)."""

    def scores(self, evidence: Evidence) -> Scores:
        return evidence.scored(uncertainty.least_confidence)


@acquisition("mnlp", needs={"predictions"})
class Mnlp(Strategy):
    """The least probable answers per token (Shen et al. 2017)."""

    def scores(self, evidence: Evidence) -> Scores:
        return evidence.scored(uncertainty.mnlp)


@acquisition("margin", needs={"predictions"})
class Margin(Strategy):
    """The smallest margin between the best and the second best tag (Scheffer et al. 2001)."""

    def scores(self, evidence: Evidence) -> Scores:
        return evidence.scored(uncertainty.margin)


@acquisition("token_entropy", needs={"predictions"})
class TokenEntropy(Strategy):
    """The highest entropy (Settles & Craven 2008)."""

    def scores(self, evidence: Evidence) -> Scores:
        return evidence.scored(uncertainty.token_entropy)


@acquisition("bald", needs={"samples"})
class Bald(Strategy):
    """The most disagreement between ``passes`` passes with dropout (Houlsby et al. 2011)."""

    passes: Annotated[int, Between(2, 100)] = 10

    def scores(self, evidence: Evidence) -> Scores:
        return np.array([uncertainty.bald(sample) for sample in evidence.samples(self.passes)])


@acquisition("fluctuation", needs={"predictions", "history"})
class Fluctuation(Strategy):
    """The most changes of tags from round to round (Zheng et al. 2018)."""

    def scores(self, evidence: Evidence) -> Scores:
        return np.array([uncertainty.fluctuation(passes) for passes in histories(evidence)])


def histories(evidence: Evidence) -> Iterator[list[Prediction]]:
    """Yield each candidate's predictions, oldest first.

    Earlier rounds have predictions for all of today's candidates, in the same order, and for
    others.
    """
    earlier = [past() for past in evidence.history]
    for now in evidence.predictions():
        yield [
            *(next(p for p in past if p.sentence.id == now.sentence.id) for past in earlier),
            now,
        ]
