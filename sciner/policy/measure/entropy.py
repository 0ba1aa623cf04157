"""Confidence by entropy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sciner.policy import uncertainty
from sciner.policy.measure.base import measure
from sciner.text.prediction import Prediction


@measure("entropy")
def entropy(p: Prediction) -> npt.NDArray[np.float64]:
    """For each token, 1 minus its entropy divided by the log of the number of tags.

    1 is certainty; 0 means that all tags are equally probable.
    """
    rows = p.distribution.astype(np.float64)
    share = uncertainty.entropy(rows) / np.log(rows.shape[1])
    return np.asarray(np.clip(1 - share, 0.0, 1.0))
