"""Confidence by margin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sciner.policy.measure.base import measure
from sciner.text.prediction import Prediction


@measure("margin")
def margin(p: Prediction) -> npt.NDArray[np.float64]:
    """For each token, the best tag's probability minus the second best's (Scheffer et al. 2001).

    The best is computed as 1 minus the others: float16 distinguishes small probabilities, but none
    between 0.9995 and 1, so confident tokens would tie.
    """
    others = np.sort(p.distribution.astype(np.float64), axis=1)[:, :-1]
    return np.asarray(np.maximum(1 - others.sum(axis=1) - others[:, -1], 0.0))
