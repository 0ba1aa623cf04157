"""The gold that was bought: how good it is, and how far two annotators agree on it. For the report
alone."""

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
    """Strict ``precision``, ``recall`` and ``f1`` in [0, 1] over all classes: the spans of
    ``bought`` against the clean ones, ``withheld`` by sentence id. A figure whose denominator is 0
    is absent. Raises KeyError for a sentence without clean labels.
    """
    correct, marked, clean = totals(bought, [withheld[s.id] for s in bought])
    figures = {
        "precision": (correct, marked),
        "recall": (correct, clean),
        "f1": (2 * correct, marked + clean),
    }
    return {name: above / below for name, (above, below) in figures.items() if below}


def with_dropped(gold: Sequence[Sentence], counts: Counts) -> dict[str, float]:
    """Strict ``recall`` and ``f1`` in [0, 1] that count gold spans which the reader dropped as
    missed, and their number, ``spans``. counts: [documents, 3], of correct, predicted and gold
    spans. Nothing where no span was dropped."""
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
    """How far two agree on the same sentences; the same with the two exchanged. What has a
    denominator of 0 is absent.

    agreement_f1: strict F1 in [0, 1] of the spans of one against the other's (Hripcsak &
    Rothschild 2005: where nobody counts what was rightly left alone, F1 is what kappa comes to).
    agreement_kappa: Cohen's kappa in [-1, 1] over the classes of the tokens that at least one of
    them marked (Brandsen et al. 2020): O on which both agree would lift it the more, the rarer
    entities are. It says too little rather than too much, and is below 0 where they agree less
    than they would by chance.
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
    """Spans that both have, those of ``sentences``, and those of ``others``, a sequence a
    sentence."""
    both, theirs, own = entity_counts(sentences, others).sum(0).tolist()
    return both, own, theirs


def token_classes(sentence: Sentence) -> list[str]:
    """The class of each token's span, "" outside all."""
    return [tag.partition("-")[2] for tag in encode(gold_spans(sentence), len(sentence.tokens))]
