"""Kinds of error: what became of each gold span, and where each predicted one came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from sciner.text.spans import Span

Spans = Mapping[str, Sequence[Span]]  # by sentence id


class Kind(StrEnum):
    """A gold and a predicted span: of the same boundaries and class; overlapping and of the same
    class; of the same boundaries. Alone: the gold one, the predicted one. Spans that overlap and
    share neither boundaries nor class have nothing right: one is missed, the other spurious.
    """

    RIGHT = "right"
    WRONG_BOUNDARY = "wrong boundary"
    WRONG_CLASS = "wrong class"
    MISSED = "missed"
    SPURIOUS = "spurious"


class Finding(NamedTuple):
    """One span of each side, or of one side alone; the other is None."""

    kind: Kind
    gold: Span | None
    predicted: Span | None

    @property
    def span(self) -> Span:
        """Where in the sentence to look: the gold one, if there is one."""
        found = self.gold or self.predicted
        assert found is not None
        return found


def findings(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Finding]:
    """Each span of both sides once, by its place in the sentence.

    Spans of one side do not overlap each other, as ``text.spans.encode`` demands. Equal
    boundaries are paired first, then, from left to right, a span and the first free one of its
    class that it overlaps: no pairing has more wrong boundaries.
    """
    at = {span[:2]: span for span in gold}
    found, alone = [], []
    for span in sorted(predicted):
        true = at.pop(span[:2], None)
        if true is None:
            alone.append(span)
        else:
            found.append(Finding(Kind.RIGHT if true == span else Kind.WRONG_CLASS, true, span))
    left = sorted(at.values())
    for span in alone:
        true = next((t for t in left if t.label == span.label and t.overlaps(span)), None)
        if true is not None:
            left.remove(true)
        found.append(Finding(Kind.WRONG_BOUNDARY if true else Kind.SPURIOUS, true, span))
    found += [Finding(Kind.MISSED, span, None) for span in left]
    return sorted(found, key=lambda finding: finding.span)


class Confusion(NamedTuple):
    """pairs: {(gold class, predicted class): spans} of equal boundaries, so that the diagonal is
    what strict scores count; "" stands for no span: (class, "") is missed, ("", class) spurious.
    boundaries: {class: spans} found with the right class and wrong boundaries."""

    pairs: Counter[tuple[str, str]]
    boundaries: Counter[str]

    @property
    def labels(self) -> list[str]:
        """The classes that occur, sorted."""
        return sorted(
            {label for pair in self.pairs for label in pair if label} | {*self.boundaries}
        )


def confusion(sentences: Iterable[Sequence[Finding]]) -> Confusion:
    """How often a gold class was predicted as another. Each finding counts once."""
    counts = Confusion(Counter(), Counter())
    for f in (f for found in sentences for f in found):
        if f.kind == Kind.WRONG_BOUNDARY and f.gold:
            counts.boundaries[f.gold.label] += 1
        else:
            counts.pairs[
                f.gold.label if f.gold else "", f.predicted.label if f.predicted else ""
            ] += 1
    return counts


class Repeated(NamedTuple):
    """Of the silver spans that were wrong, or right: how many there were, and how many the next
    silver has again."""

    wrong: int
    wrong_again: int
    right: int
    right_again: int


def repeated(gold: Spans, silver: Spans, after: Spans) -> Repeated:
    """Error propagation: does a tagger that was trained on ``silver`` repeat its errors in
    ``after``? Over the sentences, by id, that stand in all three."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for id in gold.keys() & silver.keys() & after.keys():
        counts.update((span in gold[id], span in after[id]) for span in silver[id])
    wrong, right = (
        counts[False, False] + counts[False, True],
        counts[True, False] + counts[True, True],
    )
    return Repeated(wrong, counts[False, True], right, counts[True, True])
