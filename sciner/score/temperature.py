"""The temperature at which a tagger's probabilities fit what is true."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sciner.text.prediction import Halves

BOUNDS = (0.2, 5.0)
LEAST = 1e-6  # of a probability: float16 rounds small ones to 0


def fit_temperature(rows: Iterable[tuple[Halves, npt.NDArray[np.int64]]]) -> float:
    """The temperature, in [0.2, 5], that makes the true tags most probable (temperature scaling,
    Guo et al. 2017, section 4.2).

    rows: of each sentence its [tokens, tags] distribution and the [tokens] indices of its true
    tags. Above 1 the tagger was too sure of itself. 1.0 without any token.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    found = [(p.astype(np.float64), gold) for p, gold in rows if len(gold)]
    if not found:
        return 1.0
    logs = np.log(np.maximum(np.concatenate([p for p, _ in found]), LEAST))
    gold = np.concatenate([tags for _, tags in found])
    at = np.arange(len(gold))

    def loss(temperature: float) -> float:
        scaled = logs / temperature
        return float((logsumexp(scaled, axis=1) - scaled[at, gold]).mean())

    return float(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x)
