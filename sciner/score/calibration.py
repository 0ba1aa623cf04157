"""Calibration: whether spans predicted with confidence 0.9 are right nine times in ten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sciner.score.entity import gold_spans
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span

BINS = 10
# between them; in the precision of confidences, where 6 votes of 10 are 0.6 and not above it
EDGES = np.linspace(0, 1, BINS + 1, dtype=np.float32)[1:-1]


def calibration_scores(
    gold: Sequence[Sentence], predictions: Iterable[Prediction], how: Aggregate
) -> dict[str, float]:
    """Expected calibration error over predicted spans.

    A span is correct when the gold has its boundaries and class. The ten bins have equal width,
    (0, 0.1] to (0.9, 1]; a confidence of 0 is in the first (Guo et al. 2017, section 2, equation 3;
    Naeini et al. 2015).

    Args:
        gold: sentences with gold.
        predictions: one for each sentence of ``gold``, in the same order.
        how: how a span's confidence is aggregated from its tokens', min or mean.

    Returns:
        ``calibration/ece`` and ``calibration/mean_confidence`` in [0, 1], absent without a
        predicted span, and ``calibration/spans``, the number of predicted spans.

    Raises:
        ValueError: the predictions are of other sentences, or a sentence has no gold.
    """
    correct: list[bool] = []
    confidences: list[float] = []
    for sentence, prediction in zip(gold, predictions, strict=True):
        if sentence.id != prediction.sentence.id:
            raise ValueError(
                f"the prediction of {prediction.sentence.id} stands where {sentence.id} is scored"
            )
        true = set(gold_spans(sentence))
        correct += [span in true for span in prediction.spans]
        confidences += prediction.span_confidences(how)

    scores = {"calibration/spans": float(len(confidences))}
    if confidences:
        confidence, bins = np.array(confidences), bins_of(confidences)
        # |bin| / n * |accuracy - confidence| of a bin is the size of its summed differences over n
        gaps = np.bincount(bins, weights=np.array(correct) - confidence, minlength=BINS)
        scores["calibration/ece"] = float(np.abs(gaps).sum() / len(confidence))
        scores["calibration/mean_confidence"] = float(confidence.mean())
    return scores


def reliability_scores(
    gold: Mapping[str, Sequence[Span]], predictions: Iterable[Prediction], how: Aggregate
) -> dict[str, float]:
    """Precision of predicted spans by confidence: what the calibration error is made of.

    Args:
        gold: gold spans by sentence id; predictions for other sentences are ignored.
        predictions: in any order.
        how: how a span's confidence is aggregated from its tokens', min or mean.

    Returns:
        For each bin with a span, ``bin/<low>/precision`` in [0, 1] and ``bin/<low>/spans``. ``low``
        is 0.0, 0.1, … 0.9; a bin has the confidences above it by at most 0.1, the first also 0.
    """
    correct: list[bool] = []
    confidences: list[float] = []
    for prediction in predictions:
        if (true := gold.get(prediction.sentence.id)) is not None:
            correct += [span in true for span in prediction.spans]
            confidences += prediction.span_confidences(how)

    bins = bins_of(confidences)
    spans, right = (
        np.bincount(bins, minlength=BINS),
        np.bincount(bins, weights=np.array(correct, float), minlength=BINS),
    )
    scores: dict[str, float] = {}
    for i in np.flatnonzero(spans):
        scores |= {
            f"bin/{i / BINS:.1f}/precision": float(right[i] / spans[i]),
            f"bin/{i / BINS:.1f}/spans": float(spans[i]),
        }
    return scores


def bins_of(confidences: Sequence[float]) -> npt.NDArray[np.intp]:
    """Number the bin of each confidence, from 0; a bin includes its upper end.

    >>> bins_of([0.0, 0.1, 0.11, 0.6, 1.0]).tolist()
    [0, 0, 1, 5, 9]
    """
    return np.searchsorted(EDGES, np.array(confidences, np.float32), side="left")


def reliability(
    confidences: Sequence[float], correct: Sequence[bool]
) -> list[tuple[float, float, int]]:
    """Reliability diagram: what is right in each bin of confidence.

    Args:
        confidences: [spans], in [0, 1].
        correct: [spans].

    Returns:
        (mean confidence, share of correct spans, number of spans) of each bin that has a span, by
        increasing confidence; bins as for the calibration error.

    >>> reliability([0.55, 0.95, 0.97], [False, True, True])
    [(0.55, 0.0, 1), (0.96, 1.0, 2)]
    """
    confidence, right = np.array(confidences, dtype=float), np.array(correct, dtype=float)
    bins = bins_of(confidences)
    inside = [bins == b for b in np.unique(bins)]
    return [(float(confidence[at].mean()), float(right[at].mean()), int(at.sum())) for at in inside]
