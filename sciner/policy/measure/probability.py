"""The probability of the decoded tag."""

from __future__ import annotations

from sciner.policy.measure.base import measure
from sciner.text.prediction import Floats, Prediction


@measure("probability")
def probability(p: Prediction) -> Floats:
    """Of each token, by the tagger's own distribution (maximum softmax probability: Hendrycks &
    Gimpel 2017)."""
    return p.confidence
