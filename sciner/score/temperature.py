"""Temperature scaling: fit probabilities to gold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sciner.text.prediction import Halves

BOUNDS = (0.2, 5.0)
LEAST = 1e-6  # of a probability: float16 rounds small ones to 0


def fit_temperature(rows: Iterable[tuple[Halves, npt.NDArray[np.int64]]]) -> float:
    """Find the temperature at which the true tags are most probable (Guo et al. 2017, section 4.2).

    Args:
        rows: for each sentence its [tokens, tags] distribution and the [tokens] indices of its true
            tags.

    Returns:
        The temperature, in [0.2, 5]. Above 1, the tagger was too confident. 1.0 without any token.
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
