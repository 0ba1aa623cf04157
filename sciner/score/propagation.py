"""Error propagation: what happened to the wrong spans of one round's silver in the next round's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sciner.score.names import escaped
from sciner.score.unseen_entities import surface_form
from sciner.text.corpus import Example
from sciner.text.spans import Span

BEFORE, NEW, SPREAD = "before", "new", "spread"


class Fate(StrEnum):
    """What the next silver has in the place of a wrong silver span.

    Again: the same span. Changed: wrong spans that overlap it. Corrected: only right spans that
    overlap it. Gone: no span, because the tagger found none there or what it found was not
    accepted.
    """

    AGAIN = "again"
    CHANGED = "changed"
    CORRECTED = "corrected"
    GONE = "gone"


def fate(span: Span, after: Iterable[Span], gold: Iterable[Span]) -> Fate:
    """Classify a wrong span by what replaced it.

    Args:
        span: the wrong span.
        after: the next silver's spans of that sentence.
        gold: the right spans of that sentence.
    """
    found = {other for other in after if span.overlaps(other)}
    if span in found:
        return Fate.AGAIN
    return Fate.GONE if not found else Fate.CORRECTED if found <= set(gold) else Fate.CHANGED


def propagation_scores(
    before: Iterable[Example], after: Iterable[Example], withheld: Mapping[str, Sequence[Span]]
) -> dict[str, float]:
    """Count wrong silver spans by what became of them.

    Args:
        before, after: the accepted silver of the previous round and of this one.
        withheld: gold spans by sentence id; other sentences are ignored.

    Returns:
        Each count as ``NAME`` over all classes and as ``NAME/<Class>`` (the class of the counted
        span); empty without wrong spans in ``before``. ``before``: the wrong spans of the previous
        round. ``again``, ``changed``, ``corrected``, ``gone``: what became of them; they add up to
        ``before``. ``new``: wrong spans of ``after`` that overlap no wrong span of ``before``.
        ``spread``: those of the new ones whose text and class a wrong span of ``before`` has
        elsewhere.
    """
    wrong, gone_on = _wrong(before, withheld), {e.sentence.id: e for e in after}
    if not wrong:
        return {}
    counts: Counter[tuple[str, str]] = Counter()
    known = {
        (surface_form(e.sentence, span), span.label)
        for e, spans in wrong.values()
        for span in spans
    }
    for id, (_, spans) in wrong.items():
        now = gone_on[id].accepted() if id in gone_on else ()
        for span in spans:
            counts.update([(BEFORE, span.label), (fate(span, now, withheld[id]), span.label)])
    for id, (e, spans) in _wrong(gone_on.values(), withheld).items():
        older = wrong[id][1] if id in wrong else ()
        for span in spans:
            if not any(span.overlaps(other) for other in older):
                counts[NEW, span.label] += 1
                counts[SPREAD, span.label] += (surface_form(e.sentence, span), span.label) in known
    scores: dict[str, float] = {}
    labels = sorted({label for _, label in counts})
    for name in (BEFORE, *Fate, NEW, SPREAD):
        of_class = {label: float(counts[name, label]) for label in labels}
        scores |= {str(name): sum(of_class.values())} | {
            f"{name}/{escaped(label)}": n for label, n in of_class.items()
        }
    return scores


def _wrong(
    silver: Iterable[Example], withheld: Mapping[str, Sequence[Span]]
) -> dict[str, tuple[Example, list[Span]]]:
    """By sentence id the accepted spans that the gold lacks, of sentences that have any."""
    found = {}
    for example in silver:
        if (gold := withheld.get(example.sentence.id)) is not None:
            right = set(gold)
            if wrong := [span for span in example.accepted() if span not in right]:
                found[example.sentence.id] = (example, wrong)
    return found
