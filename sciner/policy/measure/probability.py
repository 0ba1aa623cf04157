"""Confidence by probability."""

from __future__ import annotations

from sciner.policy.measure.base import measure
from sciner.text.prediction import Floats, Prediction


@measure("probability")
def probability(p: Prediction) -> Floats:
    """For each token, the probability of its decoded tag (Hendrycks & Gimpel 2017)."""
    return p.confidence
