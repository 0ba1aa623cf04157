"""Token-level scores over IOB2 tags: the kind of figure that the paper reports."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from sciner.score.entity import gold_spans
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, encode


def token_scores(gold: Sequence[Sentence], predicted: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Accuracy and F1 over all tokens, with each tag as a class (scikit-learn's definitions).

    This is the kind of figure that arXiv 2502.16312 reports. Correct O tokens raise it.

    Args:
        gold: [sentences], with gold.
        predicted: [sentences], the predicted spans of each.

    Returns:
        ``accuracy/token``; ``f1/token_weighted`` (mean weighted by the gold's tokens) and
        ``f1/token_macro`` over the gold's tags; both again with ``_without_o``, over the gold's
        tags except O. All in [0, 1]. The latter two are absent without an entity in the gold, and
        all are absent without a token. An undefined F1 of a tag is 0.

    Raises:
        ValueError: the lengths differ, gold is missing, or spans overlap or leave their sentence.

    >>> from sciner.text.corpus import Sentence
    >>> from sciner.text.spans import Span
    >>> gold = [Sentence("d#0", ("BERT", "tags", "all", "tokens"), (Span(0, 1, "Method"),))]
    >>> scores = token_scores(gold, [[]])
    >>> scores["accuracy/token"], scores["f1/token_macro_without_o"]
    (0.75, 0.0)
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    pairs = list(zip(gold, predicted, strict=True))
    true = list(chain.from_iterable(encode(gold_spans(s), len(s.tokens)) for s, _ in pairs))
    pred = list(chain.from_iterable(encode(spans, len(s.tokens)) for s, spans in pairs))
    if not true:
        return {}
    tags = sorted(set(true))
    # numbers, because scikit-learn sorts strings many times slower; predicted-only tags count as
    # errors and no more
    number = {tag: i for i, tag in enumerate([*tags, *sorted(set(pred) - set(tags))])}
    true_ids, pred_ids = (
        np.fromiter(map(number.__getitem__, column), np.int64, len(column))
        for column in (true, pred)
    )

    _, _, f1, support = precision_recall_fscore_support(
        true_ids, pred_ids, labels=np.arange(len(tags)), zero_division=0
    )
    scores = {"accuracy/token": float(accuracy_score(true_ids, pred_ids))}
    for suffix, chosen in (("", tags), ("_without_o", [tag for tag in tags if tag != "O"])):
        if chosen:
            rows = [number[tag] for tag in chosen]
            scores[f"f1/token_weighted{suffix}"] = float(
                np.average(f1[rows], weights=support[rows])
            )
            scores[f"f1/token_macro{suffix}"] = float(f1[rows].mean())
    return scores


def all_o_scores(gold: Sequence[Sentence]) -> dict[str, float]:
    """``token_scores`` of answering O everywhere, under ``all_o/``: the baseline of token figures.

    Its entity F1 is 0 and has no key.

    Raises:
        ValueError: gold is missing.
    """
    return {f"all_o/{key}": value for key, value in token_scores(gold, [()] * len(gold)).items()}
