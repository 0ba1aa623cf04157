"""The interface of confidence measures, and the measures by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sciner.policy.registry import Registry
from sciner.text.prediction import Prediction

Measure = Callable[[Prediction], npt.NDArray[np.floating]]
MEASURES: Registry[Measure] = Registry("measure")
DEFAULT = "probability"


def measured(p: Prediction, name: str) -> Prediction:
    """The same prediction, with the confidence of each token as the measure ``name`` gives it."""
    return replace(p, confidence=np.asarray(MEASURES[name](p), dtype=np.float32))


def measure(name: str) -> Callable[[Measure], Measure]:
    """Register a function of a prediction as ``threshold.measure=name``.

    The function returns [tokens], the confidence of each token's decoded tag in [0, 1]. The columns
    of ``Prediction.distribution`` are those of ``text.corpus.tagset``; its values are float16.
    """

    def register(function: Measure) -> Measure:
        MEASURES.add(name, function)
        return function

    return register
