"""What the out-of-fold predictions contradict most of the labels that a round was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sciner.loop.outcomes import OutOfFold
from sciner.score.suspects import Suspected, suspects_of
from sciner.text.corpus import Example


def suspected(
    examples: Iterable[Example], judged: OutOfFold, labels: Sequence[str]
) -> tuple[Suspected, ...]:
    """The sentences with a suspect, the worst first. labels: the corpus's classes."""
    by_id = {e.sentence.id: e for e in examples}
    found = (
        Suspected(by_id[p.sentence.id], tuple(suspects))
        for p in judged.predictions()
        if p.sentence.id in by_id and (suspects := suspects_of(by_id[p.sentence.id], p, labels))
    )
    return tuple(sorted(found, key=lambda one: (one.p_given, one.example.sentence.id)))
