"""All scores of one round against gold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sciner.score.calibration import calibration_scores
from sciner.score.entity import entity_counts, entity_scores
from sciner.score.stats import Counts, f1_difference_interval, f1_interval, f1_of
from sciner.score.token import all_o_scores, token_scores
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span


def evaluate(
    gold: Sequence[Sentence],
    predictions: Iterable[Prediction],
    *,
    how: Aggregate = "min",
    first: Counts | None = None,
) -> tuple[dict[str, float], Counts]:
    """Score predictions against gold.

    Args:
        gold: [sentences], with gold.
        predictions: one for each sentence of ``gold``, in the same order. Only spans and their
            confidences are held in memory.
        how: how a span's confidence is aggregated from its tokens', min or mean.
        first: the counts of round 0, for the gain since then.

    Returns:
        (scores, counts). Scores are strict entity figures, token figures (the kind that the paper
        reports), the token figures of answering O everywhere, calibration, decoding repairs, and
        the 95% interval of micro F1 over documents. With ``first`` also the gain of micro F1 with
        its paired interval. Intervals need two documents and are absent otherwise. Counts are
        [documents, 3]: correct, predicted and gold spans.
    """
    spans: list[tuple[Span, ...]] = []
    repairs = 0

    def noted() -> Iterator[Prediction]:
        """The predictions as they pass by."""
        nonlocal repairs
        for p in predictions:
            spans.append(p.spans)
            repairs += p.repairs
            yield p

    calibration = calibration_scores(gold, noted(), how)
    scores = entity_scores(gold, spans) | token_scores(gold, spans) | all_o_scores(gold)
    scores |= calibration
    scores["decoding/repairs"] = float(repairs)
    counts = entity_counts(gold, spans)
    if len(counts) > 1:
        scores["f1/micro_low"], scores["f1/micro_high"] = f1_interval(counts)
    if first is not None:
        scores["gain/micro"] = f1_of(counts) - f1_of(first)
        if len(counts) > 1:
            scores["gain/micro_low"], scores["gain/micro_high"] = f1_difference_interval(
                counts, first
            )
    return scores, counts


def prefixed(prefix: str, scores: dict[str, float]) -> dict[str, float]:
    """Prefix the names of the scores with ``prefix/``.

    >>> prefixed("test", {"f1/micro": 0.5})
    {'test/f1/micro': 0.5}
    """
    return {f"{prefix}/{name}": value for name, value in scores.items()}
