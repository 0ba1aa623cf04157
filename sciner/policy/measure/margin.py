"""The lead of the most probable tag over the second."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sciner.policy.measure.base import measure
from sciner.text.prediction import Prediction


@measure("margin")
def margin(p: Prediction) -> npt.NDArray[np.float64]:
    """Of each token, the probability of the best tag minus that of the second best (Scheffer et al.
    2001).

    The best is taken as what the others leave of 1: float16 tells small probabilities apart, but
    none between 0.9995 and 1, so that sure tokens would tie.
    """
    others = np.sort(p.distribution.astype(np.float64), axis=1)[:, :-1]
    return np.asarray(np.maximum(1 - others.sum(axis=1) - others[:, -1], 0.0))
