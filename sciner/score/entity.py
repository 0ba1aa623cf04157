"""Entity-level scores: a predicted span counts when its boundaries and its class are the gold's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sciner.score.names import escaped
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, encode

FIGURES = ("precision", "recall", "f1")


def gold_spans(sentence: Sentence) -> tuple[Span, ...]:
    """The sentence's gold. Raises ValueError where there is none."""
    if sentence.spans is None:
        raise ValueError(f"{sentence.id} has no gold to score against")
    return sentence.spans


def entity_scores(
    gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]
) -> dict[str, float]:
    """Strict precision, recall and F1 in [0, 1] (Tjong Kim Sang & De Meulder 2003; seqeval, mode
    strict).

    ``predicted`` holds one sequence of spans a sentence of ``gold``. Tags are legal IOB2 by
    construction, on which seqeval's strict and default (conlleval) readings agree. Keys:
    ``<figure>/micro``, ``<figure>/macro`` and ``<figure>/<Class>`` for each figure of precision,
    recall and f1, and ``support/<Class>`` (gold spans). Classes are those of the gold: one that
    only the prediction has is a false positive in micro and nothing else, so that the macro mean
    of two taggers runs over the same classes; in it a class without a prediction has precision
    0. Any other figure with a denominator of 0 is absent. Classes have the names of
    ``score.names.escaped``.

    Raises ValueError for different lengths, missing gold and spans that overlap or leave their
    sentence.
    """
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2, Entities

    true: list[list[str]] = []
    pred: list[list[str]] = []
    for sentence, spans in zip(gold, predicted, strict=True):
        length = len(sentence.tokens)
        tags = zip(encode(gold_spans(sentence), length), encode(spans, length), strict=True)
        # seqeval takes microseconds a token. Where on both sides no span begins or ends, all O or
        # all I-, the token can go: the spans of both sides shrink or move alike, no two boundaries
        # meet that stood apart, and the counts stay
        if told := [pair for pair in tags if pair[0][0] != pair[1][0] or pair[0][0] == "B"]:
            true.append([tag for tag, _ in told])
            pred.append([tag for _, tag in told])
    if not true:
        return {}

    # read once, counted twice
    read = {"entities_true": Entities(true, IOB2), "entities_pred": Entities(pred, IOB2)}
    # seqeval's order
    classes = sorted(read["entities_true"].unique_tags | read["entities_pred"].unique_tags)
    micro = precision_recall_fscore_support(
        true, pred, average="micro", scheme=IOB2, zero_division=0, **read
    )
    *figures, support = precision_recall_fscore_support(
        true, pred, average=None, scheme=IOB2, zero_division=0, **read
    )

    marked = Counter(span.label for spans in predicted for span in spans)
    there = _defined(marked.total(), int(support.sum()))
    scores = {
        f"{figure}/micro": float(value)
        for figure, value in zip(FIGURES, micro[:3], strict=True)
        if figure in there
    }
    in_gold = support > 0
    if in_gold.any():
        scores |= {
            f"{figure}/macro": float(values[in_gold].mean())
            for figure, values in zip(FIGURES, figures, strict=True)
        }
    for i in np.flatnonzero(in_gold):
        label, there = escaped(classes[i]), _defined(marked[classes[i]], int(support[i]))
        scores |= {
            f"{figure}/{label}": float(values[i])
            for figure, values in zip(FIGURES, figures, strict=True)
            if figure in there
        }
        scores[f"support/{label}"] = float(support[i])
    return scores


def _defined(predicted: int, gold: int) -> set[str]:
    """The figures whose denominator is not 0."""
    below = {"precision": predicted, "recall": gold, "f1": predicted + gold}
    return {figure for figure, count in below.items() if count}


def entity_counts(
    gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]
) -> npt.NDArray[np.int64]:
    """[documents, 3]: correct, predicted and gold spans of each document, in the order in which
    documents first appear.

    Raises ValueError for different lengths and for missing gold.
    """
    counts: dict[str, npt.NDArray[np.int64]] = {}
    for sentence, spans in zip(gold, predicted, strict=True):
        true = gold_spans(sentence)
        # sentence by sentence: one set of all spans would lose those that stand at the same place
        # in two sentences
        row = np.array([len(set(true) & set(spans)), len(spans), len(true)], dtype=np.int64)
        counts[sentence.document] = counts.get(sentence.document, 0) + row
    return np.stack(list(counts.values())) if counts else np.zeros((0, 3), dtype=np.int64)
