"""Error propagation: what became of the wrong spans of one round's silver in the silver of the
next."""

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
    """Of a wrong silver span in the next silver: the same span; other wrong ones overlap it; right
    ones do and no wrong one; none does (the tagger found nothing there, or what it found was not
    accepted)."""

    AGAIN = "again"
    CHANGED = "changed"
    MENDED = "mended"
    GONE = "gone"


def fate(span: Span, after: Iterable[Span], gold: Iterable[Span]) -> Fate:
    """What became of the wrong ``span`` of a sentence. after, gold: the next silver's spans of that
    sentence, and the right ones."""
    found = {other for other in after if span.overlaps(other)}
    if span in found:
        return Fate.AGAIN
    return Fate.GONE if not found else Fate.MENDED if found <= set(gold) else Fate.CHANGED


def propagation_scores(
    before: Iterable[Example], after: Iterable[Example], withheld: Mapping[str, Sequence[Span]]
) -> dict[str, float]:
    """Counts of wrong silver spans, over the sentences whose gold ``withheld`` holds by id;
    ``NAME`` over all classes, and ``NAME/<Class>``. Nothing without ``before``, the silver of the
    round before.

    before: its wrong spans. ``again``, ``changed``, ``mended``, ``gone``: their fates, which add
    up to it. new: wrong spans of ``after`` that overlap no wrong one of ``before``; spread:
    those of them whose text and class one of ``before`` has, in another place or another
    sentence. Classes are those of the span that is counted.
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
