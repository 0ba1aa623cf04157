"""Drift: what predictions show without gold, and when that looks like a collapse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sciner.score.names import escaped
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

# Guards against a broken tagger, not fine instruments: seed and pool of one corpus differ in
# density by some ten per cent, a tagger that has collapsed to O, or that labels everything, by a
# factor.
DENSITY_FALL = 0.5
DENSITY_RISE = 2.0
# A rarer class may have no mention in the judged text, or too few in the seed set to be learnt; a
# commoner one was learnt.
COMMON_CLASS = 0.05


def density_and_shares(
    spans_per_sentence: Iterable[Sequence[Span]], token_counts: Iterable[int]
) -> tuple[float, dict[str, float]]:
    """Spans per 100 tokens, and each class's share of the spans.

    Args:
        spans_per_sentence: the spans of each sentence.
        token_counts: the number of tokens of each sentence.

    Returns:
        (density, shares). The density is 0 without tokens; the shares of the classes that occur sum
        to 1.
    """
    return _figures(
        Counter(span.label for spans in spans_per_sentence for span in spans), sum(token_counts)
    )


def drift_scores(
    previous: Iterable[Prediction] | None, current: Iterable[Prediction], labels: Sequence[str]
) -> dict[str, float]:
    """How the predictions of a round look, and how far they moved since the previous round.

    No gold is read.

    Args:
        previous: predictions of the previous round for the same sentences, in any order; None for
            round 0. Only their spans are held in memory.
        current: predictions of this round.
        labels: the corpus's classes.

    Returns:
        ``density``, predicted spans per 100 tokens, and ``share/<Class>`` of the predicted spans in
        [0, 1], absent without a span. With ``previous`` also: ``churn`` in [0, 1], the share of
        both rounds' spans that only one of them has, 1 - Dice (Dice 1945); ``class_divergence`` in
        [0, 1], the Jensen-Shannon divergence to base 2 of the class distributions (Lin 1991),
        absent if a round has no span; ``density_change``, relative, absent if the previous density
        is 0.

    Raises:
        ValueError: the two rounds are of different sentences.
    """
    before = {p.sentence.id: p.spans for p in previous or ()}
    earlier_classes = Counter(span.label for spans in before.values() for span in spans)
    classes: Counter[str] = Counter()
    tokens = both = 0
    for p in current:
        tokens += len(p.sentence.tokens)
        classes.update(span.label for span in p.spans)
        if previous is not None:
            if p.sentence.id not in before:
                raise _not_in_both(p.sentence.id)
            both += len(set(before.pop(p.sentence.id)) & set(p.spans))
    if before:
        raise _not_in_both(min(before))

    density, shares = _figures(classes, tokens)
    scores = {"density": density} | (
        {f"share/{escaped(label)}": shares.get(label, 0.0) for label in labels} if shares else {}
    )
    if previous is None:
        return scores
    total = classes.total() + earlier_classes.total()
    scores["churn"] = 1 - 2 * both / total if total else 0.0
    earlier_density, earlier_shares = _figures(earlier_classes, tokens)
    if shares and earlier_shares:
        scores["class_divergence"] = _divergence(earlier_shares, shares)
    if earlier_density:
        scores["density_change"] = density / earlier_density - 1
    return scores


def collapse_warning(
    density: float,
    gold_density: float,
    shares: Mapping[str, float],
    gold_shares: Mapping[str, float],
) -> str | None:
    """Warn when the predictions no longer look like the gold that was bought so far.

    Args:
        density, gold_density: spans per 100 tokens of the predictions and of the gold.
        shares, gold_shares: share of each class in them, as ``density_and_shares`` gives it.

    Returns:
        One line if the density is under half or over twice the gold's, or if a class with at least
        5% of the gold's spans is no longer predicted; else None.
    """
    signs = []
    if density < DENSITY_FALL * gold_density:
        signs.append(
            f"only {density:.1f} spans per 100 tokens are predicted where the gold has "
            f"{gold_density:.1f}"
        )
    if density > DENSITY_RISE * gold_density:
        signs.append(
            f"{density:.1f} spans per 100 tokens are predicted where the gold has only "
            f"{gold_density:.1f}"
        )
    if lost := [
        label
        for label, share in gold_shares.items()
        if share >= COMMON_CLASS and not shares.get(label)
    ]:
        signs.append(f"no longer predicted: {', '.join(sorted(lost))}")
    return f"the tagger may be collapsing: {'; '.join(signs)}" if signs else None


def _figures(classes: Counter[str], tokens: int) -> tuple[float, dict[str, float]]:
    """As ``density_and_shares``, of the spans counted by class."""
    spans = classes.total()
    return 100 * spans / tokens if tokens else 0.0, {
        label: n / spans for label, n in sorted(classes.items())
    }


def _not_in_both(id: str) -> ValueError:
    return ValueError(f"drift needs the same sentences twice; only one round has {id}")


def _divergence(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    from scipy.spatial.distance import jensenshannon

    classes = sorted(a.keys() | b.keys())
    rows = ([shares.get(label, 0.0) for label in classes] for shares in (a, b))
    # scipy gives the distance, the divergence's root
    return float(jensenshannon(*rows, base=2) ** 2)
