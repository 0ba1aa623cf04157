"""Size and quality of the silver of one round."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sciner.score.calibration import BINS, bins_of
from sciner.score.kappa import cohen_kappa
from sciner.score.names import escaped
from sciner.text.corpus import Example
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

Spans = Mapping[str, Sequence[Span]]  # by sentence id


def silver_scores(
    examples: Sequence[Example],
    proposed: Iterable[Prediction],
    withheld: Mapping[str, tuple[Span, ...]],
) -> dict[str, float]:
    """Measure the accepted silver and, where gold is withheld, its quality.

    Args:
        examples: the accepted silver.
        proposed: one prediction for each annotated pool sentence. Only spans beside withheld gold
            are held in memory.
        withheld: gold spans by sentence id.

    Returns:
        Counts: ``accepted_sentences``, ``accepted_spans``, ``empty_sentences`` (accepted without an
        accepted span), ``masked_tokens``, ``proposed_spans``, ``spans/<Class>`` (accepted). Shares
        in [0, 1]: ``accepted_share`` of the annotated sentences, ``mean_confidence`` of the
        accepted spans. Over the sentences with withheld gold: ``precision``, ``recall`` and ``f1``
        of the accepted spans, each ``/micro`` and ``/<Class>``, and ``proposed_precision/micro``
        and ``proposed_recall/micro`` of all predicted spans. Recall is over the gold of all
        annotated sentences, accepted or not, so a stricter threshold trades recall for precision. A
        figure whose denominator is 0 is absent.

    Raises:
        ValueError: an example was not proposed, or a span has no confidence.
    """
    accepted: Spans = {example.sentence.id: example.accepted() for example in examples}
    stray, annotated, proposed_spans = set(accepted), 0, 0
    proposals: dict[str, Sequence[Span]] = {}
    for p in proposed:
        stray.discard(p.sentence.id)
        annotated, proposed_spans = annotated + 1, proposed_spans + len(p.spans)
        if p.sentence.id in withheld:
            proposals[p.sentence.id] = p.spans
    if stray:
        raise ValueError(f"{min(stray)} is accepted as silver but was not annotated in this round")
    gold: Spans = {id: spans for id, spans in withheld.items() if id in proposals}

    by_class = _by_class(accepted)
    scores = {
        "accepted_sentences": float(len(accepted)),
        "accepted_spans": float(by_class.total()),
        "empty_sentences": float(sum(not spans for spans in accepted.values())),
        "masked_tokens": float(sum(len(example.masked) for example in examples)),
        "proposed_spans": float(proposed_spans),
    }
    confidences = [
        confidence
        for example in examples
        for span, confidence in zip(example.spans, example.confidences, strict=True)
        if span in accepted[example.sentence.id]
    ]
    scores |= _ratio("accepted_share", len(accepted), annotated)
    scores |= _ratio("mean_confidence", sum(confidences), len(confidences))
    scores |= {
        f"spans/{escaped(label)}": float(by_class[label])
        for label in sorted(by_class | _by_class(gold))
    }
    return scores | _quality(accepted, proposals, gold)


def kappa_scores(
    examples: Iterable[Example], withheld: Mapping[str, Sequence[Span]]
) -> dict[str, float]:
    """Cohen's kappa of accepted silver with withheld gold.

    It is computed over the tokens that silver or gold marks and that are not masked, as the loss
    is: also over what is left of a span of which some tokens are masked.

    Args:
        examples: the accepted silver.
        withheld: gold spans by sentence id.

    Returns:
        ``kappa/micro`` over the tokens' classes (as ``score.gold.agreement_scores`` for two
        annotators); ``kappa/<Class>`` over whether a token is of that class; ``bin/<low>/kappa``
        over the classes of the tokens in silver spans of that confidence (bins as in
        ``calibration.reliability_scores``). All in [-1, 1]; undefined ones are absent.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    by_bin: defaultdict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for example in examples:
        if (gold := withheld.get(example.sentence.id)) is not None:
            silver, true = _classes(example.spans), _classes(gold)
            seen = (silver.keys() | true.keys()) - example.masked
            pairs.update((silver.get(i, ""), true.get(i, "")) for i in seen)
            for number, span in zip(bins_of(example.confidences), example.spans, strict=True):
                inside = set(range(span.start, span.end)) - example.masked
                by_bin[number].update((span.label, true.get(i, "")) for i in inside)
    found = {"kappa/micro": cohen_kappa(pairs)}
    for label in sorted({label for pair in pairs for label in pair if label}):
        of_class: Counter[tuple[str, str]] = Counter()
        for (a, b), tokens in pairs.items():
            of_class[str(a == label), str(b == label)] += tokens
        found[f"kappa/{escaped(label)}"] = cohen_kappa(of_class)
    found |= {
        f"bin/{number / BINS:.1f}/kappa": cohen_kappa(of_bin) for number, of_bin in by_bin.items()
    }
    return {name: kappa for name, kappa in found.items() if kappa is not None}


def _classes(spans: Iterable[Span]) -> dict[int, str]:
    """The class of each token inside a span, by its position."""
    return {i: span.label for span in spans for i in range(span.start, span.end)}


def _quality(accepted: Spans, offered: Spans, gold: Spans) -> dict[str, float]:
    """offered: what was predicted of the sentences of ``gold``."""
    chosen = {id: spans for id, spans in accepted.items() if id in gold}
    true, taken, hits = _by_class(gold), _by_class(chosen), _by_class(_correct(chosen, gold))
    scores: dict[str, float] = {}
    for name, labels in [
        ("micro", sorted(true | taken)),
        *((escaped(label), [label]) for label in sorted(true | taken)),
    ]:
        correct, spans, wanted = (
            sum(counts[label] for label in labels) for counts in (hits, taken, true)
        )
        scores |= _ratio(f"precision/{name}", correct, spans)
        scores |= _ratio(f"recall/{name}", correct, wanted)
        scores |= _ratio(f"f1/{name}", 2 * correct, spans + wanted)
    found = _by_class(_correct(offered, gold)).total()
    scores |= _ratio("proposed_precision/micro", found, _by_class(offered).total())
    return scores | _ratio("proposed_recall/micro", found, true.total())


def _correct(spans: Spans, gold: Spans) -> Spans:
    return {id: sorted(set(these) & set(gold[id])) for id, these in spans.items()}


def _by_class(spans: Spans) -> Counter[str]:
    return Counter(span.label for these in spans.values() for span in these)


def _ratio(key: str, numerator: float, denominator: float) -> dict[str, float]:
    return {key: numerator / denominator} if denominator else {}
