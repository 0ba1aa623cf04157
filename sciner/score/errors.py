"""Kinds of error: what became of each gold span, and where each predicted one came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from sciner.text.spans import Span

Spans = Mapping[str, Sequence[Span]]  # by sentence id


class Kind(StrEnum):
    """How a gold and a predicted span relate.

    Right: the same boundaries and class. Wrong boundary: they overlap and have the same class.
    Wrong class: they have the same boundaries. Missed and spurious: a gold span, or a predicted
    one, without such a partner. Spans that overlap but share neither boundaries nor class count as
    one missed and one spurious.
    """

    RIGHT = "right"
    WRONG_BOUNDARY = "wrong boundary"
    WRONG_CLASS = "wrong class"
    MISSED = "missed"
    SPURIOUS = "spurious"


class Finding(NamedTuple):
    """A gold and a predicted span, or one of the two; the other is None."""

    kind: Kind
    gold: Span | None
    predicted: Span | None

    @property
    def span(self) -> Span:
        """Where in the sentence to look: the gold span if there is one."""
        found = self.gold or self.predicted
        assert found is not None
        return found


def findings(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Finding]:
    """Pair the gold and predicted spans of a sentence; each occurs once in the result.

    Equal boundaries are paired first. Then, from left to right, each span is paired with the first
    free span of its class that it overlaps; no other pairing has more wrong boundaries.

    Args:
        gold, predicted: spans; those of one side do not overlap each other.

    Returns:
        The findings in the order of the sentence.

    >>> from sciner.text.spans import Span
    >>> [f.kind.value for f in findings([Span(0, 2, "Task")], [Span(0, 1, "Task")])]
    ['wrong boundary']
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
    """Counts of predicted classes by gold class.

    Attributes:
        pairs: {(gold class, predicted class): spans} of equal boundaries, so that the diagonal is
            what strict scores count. "" means no span: (class, "") is missed and ("", class) is
            spurious.
        boundaries: {class: spans} with the right class and wrong boundaries.
    """

    pairs: Counter[tuple[str, str]]
    boundaries: Counter[str]

    @property
    def labels(self) -> list[str]:
        """The classes that occur, sorted."""
        return sorted(
            {label for pair in self.pairs for label in pair if label} | {*self.boundaries}
        )


def confusion(sentences: Iterable[Sequence[Finding]]) -> Confusion:
    """Count how often a gold class was predicted as another class; each finding counts once.

    Args:
        sentences: the findings of each sentence.
    """
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
    """Numbers of wrong and of right silver spans, and how many the next silver contains again."""

    wrong: int
    wrong_again: int
    right: int
    right_again: int


def repeated(gold: Spans, silver: Spans, after: Spans) -> Repeated:
    """Count how many errors of the silver its student repeats.

    Args:
        gold: gold spans by sentence id.
        silver: the silver that the student was trained on.
        after: the student's own annotation. Only sentences that all three have are counted.
    """
    counts: Counter[tuple[bool, bool]] = Counter()
    for id in gold.keys() & silver.keys() & after.keys():
        counts.update((span in gold[id], span in after[id]) for span in silver[id])
    wrong, right = (
        counts[False, False] + counts[False, True],
        counts[True, False] + counts[True, True],
    )
    return Repeated(wrong, counts[False, True], right, counts[True, True])
