"""Entity-level scores: a predicted span counts when its boundaries and its class are the gold's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sciner.score.names import escaped
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, encode

FIGURES = ("precision", "recall", "f1")


def gold_spans(sentence: Sentence) -> tuple[Span, ...]:
    """Return the sentence's gold.

    Raises:
        ValueError: it has none.
    """
    if sentence.spans is None:
        raise ValueError(f"{sentence.id} has no gold to score against")
    return sentence.spans


def entity_scores(
    gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]
) -> dict[str, float]:
    """Strict precision, recall and F1 over entities: boundaries and class must match.

    As in Tjong Kim Sang & De Meulder (2003) and seqeval's strict mode. The tags are legal IOB2 by
    construction, for which seqeval's strict and default (conlleval) modes agree.

    Args:
        gold: [sentences], with gold.
        predicted: [sentences], the predicted spans of each.

    Returns:
        ``precision``, ``recall`` and ``f1``, each with ``/micro``, ``/macro`` and ``/<Class>``, in
        [0, 1], and ``support/<Class>``, the number of gold spans. The classes are those of the
        gold. A class that is only predicted counts as false positives in micro, and the macro mean
        of two taggers covers the same classes. In the macro mean, a class without a prediction has
        precision 0; any other figure whose denominator is 0 is absent. Class names are escaped
        (``score.names.escaped``).

    Raises:
        ValueError: the lengths differ, gold is missing, or spans overlap or leave their sentence.

    >>> from sciner.text.corpus import Sentence
    >>> from sciner.text.spans import Span
    >>> gold = [Sentence("d#0", ("BERT", "tags", "tokens"), (Span(0, 1, "Method"),))]
    >>> scores = entity_scores(gold, [[Span(0, 1, "Method"), Span(2, 3, "Task")]])
    >>> scores["precision/micro"], scores["recall/micro"], scores["f1/Method"]
    (0.5, 1.0, 1.0)
    """
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2, Entities

    labels = sorted({s.label for spans in (*map(gold_spans, gold), *predicted) for s in spans})
    # seqeval strips hyphens from names; these sort as the names do
    numbers = {label: f"{i:06}" for i, label in enumerate(labels)}
    true: list[list[str]] = []
    pred: list[list[str]] = []
    for sentence, spans in zip(gold, predicted, strict=True):
        length = len(sentence.tokens)
        tags = zip(encode(gold_spans(sentence), length), encode(spans, length), strict=True)
        # seqeval takes microseconds a token. Where on both sides no span begins or ends, all O or
        # all I-, the token can go: the spans of both sides shrink or move alike, no two boundaries
        # meet that stood apart, and the counts stay
        if told := [pair for pair in tags if pair[0][0] != pair[1][0] or pair[0][0] == "B"]:
            true.append([numbered(tag, numbers) for tag, _ in told])
            pred.append([numbered(tag, numbers) for _, tag in told])
    if not true:
        return {}

    # read once, counted twice
    read = {"entities_true": Entities(true, IOB2), "entities_pred": Entities(pred, IOB2)}
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
        label, there = escaped(labels[i]), _defined(marked[labels[i]], int(support[i]))
        scores |= {
            f"{figure}/{label}": float(values[i])
            for figure, values in zip(FIGURES, figures, strict=True)
            if figure in there
        }
        scores[f"support/{label}"] = float(support[i])
    return scores


def numbered(tag: str, numbers: Mapping[str, str]) -> str:
    """A tag with the number of its class."""
    return tag if tag == "O" else tag[:2] + numbers[tag[2:]]


def _defined(predicted: int, gold: int) -> set[str]:
    """The figures whose denominator is not 0."""
    below = {"precision": predicted, "recall": gold, "f1": predicted + gold}
    return {figure for figure, count in below.items() if count}


def entity_counts(
    gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]
) -> npt.NDArray[np.int64]:
    """Count correct, predicted and gold spans of each document.

    Args:
        gold: [sentences], with gold.
        predicted: [sentences], the predicted spans of each.

    Returns:
        [documents, 3], in the order in which the documents first appear.

    Raises:
        ValueError: the lengths differ, or gold is missing.

    >>> from sciner.text.corpus import Sentence
    >>> from sciner.text.spans import Span
    >>> gold = [Sentence("d#0", ("BERT", "tags", "tokens"), (Span(0, 1, "Method"),))]
    >>> entity_counts(gold, [[Span(0, 1, "Method"), Span(2, 3, "Task")]]).tolist()
    [[1, 2, 1]]
    """
    counts: dict[str, npt.NDArray[np.int64]] = {}
    for sentence, spans in zip(gold, predicted, strict=True):
        true = gold_spans(sentence)
        # sentence by sentence: one set of all spans would lose those that stand at the same place
        # in two sentences
        row = np.array([len(set(true) & set(spans)), len(spans), len(true)], dtype=np.int64)
        counts[sentence.document] = counts.get(sentence.document, 0) + row
    return np.stack(list(counts.values())) if counts else np.zeros((0, 3), dtype=np.int64)
