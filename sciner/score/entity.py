"""Entity-level scores: a predicted span counts when its boundaries and its class are the gold's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sciner.text.corpus import Sentence
from sciner.text.spans import Span, encode

FIGURES = ("precision", "recall", "f1")


def gold_spans(sentence: Sentence) -> tuple[Span, ...]:
    """The sentence's gold. Raises ValueError where there is none."""
    if sentence.spans is None:
        raise ValueError(f"{sentence.id} has no gold to score against")
    return sentence.spans


def entity_scores(gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Strict precision, recall and F1 in [0, 1] (Tjong Kim Sang & De Meulder 2003; seqeval, mode strict).

    ``predicted`` holds one sequence of spans a sentence of ``gold``. Tags are legal IOB2 by construction, on which seqeval's
    strict and default (conlleval) readings agree. Keys: ``<figure>/micro``, ``<figure>/macro`` and ``<figure>/<Class>`` for
    each figure of precision, recall and f1, and ``support/<Class>`` (gold spans). Classes are those of the gold: one that
    only the prediction has is a false positive in micro and nothing else, so that the macro mean of two taggers runs over
    the same classes. What has a denominator of 0 is 0.

    Raises ValueError for different lengths, missing gold and spans that overlap or leave their sentence.
    """
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2, Entities

    true: list[list[str]] = []
    pred: list[list[str]] = []
    for sentence, spans in zip(gold, predicted, strict=True):
        length = len(sentence.tokens)
        tags = zip(encode(gold_spans(sentence), length), encode(spans, length), strict=True)
        # seqeval takes microseconds a token. Where on both sides no span begins or ends, all O or all I-, the token can go: the
        # spans of both sides shrink or move alike, no two boundaries meet that stood apart, and the counts stay
        if told := [pair for pair in tags if pair[0][0] != pair[1][0] or pair[0][0] == "B"]:
            true.append([tag for tag, _ in told])
            pred.append([tag for _, tag in told])
    if not true:
        return {f"{figure}/{average}": 0.0 for average in ("micro", "macro") for figure in FIGURES}

    read = {"entities_true": Entities(true, IOB2), "entities_pred": Entities(pred, IOB2)}  # read once, counted twice
    classes = sorted(read["entities_true"].unique_tags | read["entities_pred"].unique_tags)  # seqeval's order
    micro = precision_recall_fscore_support(true, pred, average="micro", scheme=IOB2, zero_division=0, **read)
    *figures, support = precision_recall_fscore_support(true, pred, average=None, scheme=IOB2, zero_division=0, **read)

    in_gold = support > 0
    scores: dict[str, float] = {}
    for figure, overall, by_class in zip(FIGURES, micro[:3], figures, strict=True):
        scores[f"{figure}/micro"] = float(overall)
        scores[f"{figure}/macro"] = float(by_class[in_gold].mean()) if in_gold.any() else 0.0
    for i in np.flatnonzero(in_gold):
        scores |= {f"{figure}/{classes[i]}": float(values[i]) for figure, values in zip(FIGURES, figures, strict=True)}
        scores[f"support/{classes[i]}"] = float(support[i])
    return scores


def entity_counts(gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]) -> npt.NDArray[np.int64]:
    """[documents, 3]: correct, predicted and gold spans of each document, in the order in which documents first appear.

    Raises ValueError for different lengths and for missing gold.
    """
    counts: dict[str, npt.NDArray[np.int64]] = {}
    for sentence, spans in zip(gold, predicted, strict=True):
        true = gold_spans(sentence)
        # sentence by sentence: one set of all spans would lose those that stand at the same place in two sentences
        row = np.array([len(set(true) & set(spans)), len(spans), len(true)], dtype=np.int64)
        counts[sentence.document] = counts.get(sentence.document, 0) + row
    return np.stack(list(counts.values())) if counts else np.zeros((0, 3), dtype=np.int64)
