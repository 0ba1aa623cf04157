"""The strategy that looks for uncertainty in typical sentences."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt

from sciner.policy import uncertainty
from sciner.policy.acquisition.base import Evidence, Scores, Strategy, acquisition
from sciner.policy.diversity import Vectors
from sciner.policy.settings import Between


@acquisition("information_density", needs={"predictions", "embeddings"})
class InformationDensity(Strategy):
    """Token entropy times the mean similarity to the pool, to the power ``beta``.

    An uncertain outlier tells little about the rest (Settles & Craven 2008, equation 13).
    """

    beta: Annotated[float, Between(0, 100)] = 1.0

    def scores(self, evidence: Evidence) -> Scores:
        similarity = np.empty(len(evidence.candidates))
        similarity[evidence.by_id] = mean_similarity(evidence.embeddings()[evidence.by_id])
        # a power of a negative number may be none
        density = np.maximum(similarity, 0.0) ** self.beta
        return evidence.scored(uncertainty.token_entropy) * density


def mean_similarity(vectors: Vectors) -> npt.NDArray[np.float32]:
    """Mean cosine similarity of each vector to all vectors, itself included.

    It is computed as the dot product with the mean of the normalised vectors, without comparing
    pairs. A vector of length 0 is similar to none.

    Args:
        vectors: [sentences, dimensions].

    Returns:
        [sentences], in [-1, 1].
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.asarray(unit @ unit.mean(axis=0))
