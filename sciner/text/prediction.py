"""What a tagger predicts for a sentence: spans, confidences, distributions (numpy only)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sciner.text.corpus import Sentence
from sciner.text.spans import Span

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Aggregate = Literal["min", "mean"]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """One annotated sentence.

    Attributes:
        sentence: its text.
        spans: the decoded spans; they are legal IOB2.
        distribution: [tokens, tags] float16 (half the memory, exact to 1/2048), whose rows sum to 1
            to that precision; columns as ``corpus.tagset``.
        confidence: [tokens] float32, the probability of each token's decoded tag.
        repairs: number of tokens whose most probable tag is not the decoded one.
    """

    sentence: Sentence
    spans: tuple[Span, ...]
    distribution: Halves
    confidence: Floats
    repairs: int = 0

    def sentence_confidence(self, how: Aggregate) -> float:
        """Min or mean over all tokens; 1.0 for a sentence without tokens."""
        return aggregate(self.confidence, how)

    def span_confidences(self, how: Aggregate) -> tuple[float, ...]:
        """Min or mean over each span's tokens, in the order of ``spans``."""
        return tuple(aggregate(self.confidence[s.start : s.end], how) for s in self.spans)


def aggregate(confidence: Floats, how: Aggregate) -> float:
    """The min or mean of the tokens' confidences; 1.0 without a token."""
    if len(confidence) == 0:
        return 1.0
    return float(confidence.min() if how == "min" else confidence.mean(dtype=np.float32))
