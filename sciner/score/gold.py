"""Quality of the bought gold, and agreement of two annotators; for reporting only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sciner.score.entity import entity_counts, gold_spans
from sciner.score.kappa import cohen_kappa
from sciner.score.stats import Counts
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, encode


def gold_scores(
    bought: Sequence[Sentence], withheld: Mapping[str, tuple[Span, ...]]
) -> dict[str, float]:
    """Strict precision, recall and F1 of the bought gold against the clean labels.

    Args:
        bought: sentences as the annotator labelled them.
        withheld: the clean spans by sentence id.

    Returns:
        ``precision``, ``recall`` and ``f1`` in [0, 1]; a figure whose denominator is 0 is absent.

    Raises:
        KeyError: a sentence has no clean labels.
    """
    correct, marked, clean = totals(bought, [withheld[s.id] for s in bought])
    figures = {
        "precision": (correct, marked),
        "recall": (correct, clean),
        "f1": (2 * correct, marked + clean),
    }
    return {name: above / below for name, (above, below) in figures.items() if below}


def with_dropped(gold: Sequence[Sentence], counts: Counts) -> dict[str, float]:
    """Recall and F1 that count gold spans which the reader dropped as missed.

    Args:
        gold: sentences with the labels of their dropped spans.
        counts: [documents, 3], correct, predicted and gold spans.

    Returns:
        ``recall`` and ``f1`` in [0, 1] and ``spans``, the number of dropped spans; empty where none
        was dropped.
    """
    dropped = sum(len(s.dropped) for s in gold)
    if not dropped:
        return {}
    correct, marked, true = counts.sum(0).tolist()
    every = true + dropped
    return {
        "recall": correct / every,
        "f1": 2 * correct / (marked + every),
        "spans": float(dropped),
    }


def agreement_scores(first: Sequence[Sentence], second: Sequence[Sentence]) -> dict[str, float]:
    """Agreement of two annotators on the same sentences; symmetric.

    Args:
        first, second: the same sentences, as each of them labelled them.

    Returns:
        ``agreement_f1``: strict F1 in [0, 1] of one's spans against the other's (Hripcsak &
        Rothschild 2005: where true negatives cannot be counted, kappa approaches F1).
        ``agreement_kappa``: Cohen's kappa in [-1, 1] over the classes of the tokens that at least
        one of them marked (Brandsen et al. 2020). Tokens that both leave O would raise it the more,
        the rarer entities are. It underestimates agreement, and is below 0 where they agree less
        than by chance. A figure whose denominator is 0 is absent.
    """
    correct, mine, other = totals(first, [gold_spans(s) for s in second])
    scores = {"agreement_f1": 2 * correct / (mine + other)} if mine + other else {}
    pairs = Counter(
        (a, b)
        for s, t in zip(first, second, strict=True)
        for a, b in zip(token_classes(s), token_classes(t), strict=True)
        if a or b
    )
    kappa = cohen_kappa(pairs)
    return scores if kappa is None else scores | {"agreement_kappa": kappa}


def totals(sentences: Sequence[Sentence], others: Sequence[Sequence[Span]]) -> tuple[int, int, int]:
    """Numbers of common spans, of those of ``sentences``, and of those of ``others``."""
    both, theirs, own = entity_counts(sentences, others).sum(0).tolist()
    return both, own, theirs


def token_classes(sentence: Sentence) -> list[str]:
    """The class of each token's span, "" outside all spans."""
    return [tag.partition("-")[2] for tag in encode(gold_spans(sentence), len(sentence.tokens))]
