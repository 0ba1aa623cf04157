"""Cross-fitting: the seed set is judged by loops that never saw what they judge.

It costs fits, and no gold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sciner.errors import InputError
from sciner.loop.rounds import Round
from sciner.loop.steps.runner import StepRunner
from sciner.policy.annotator import Annotator
from sciner.policy.seed import Split
from sciner.score.entity import entity_counts
from sciner.score.stats import f1_of
from sciner.text.corpus import Corpus, Sentence

# the same tagger and policies on another corpus
Begin = Callable[[Corpus, Split], tuple[StepRunner, Iterator[Round]]]


@dataclass
class Fold:
    """A loop without ``held``, a part of the seed set with its gold, by which it is judged."""

    held: Sequence[Sentence]
    steps: StepRunner
    rounds: Iterator[Round]
    last: Round | None = None

    def turn(self) -> None:
        """One round more, unless the loop has stopped by itself."""
        self.last = next(self.rounds, self.last)

    def counts(self) -> np.ndarray:
        """[documents, 3], as ``score.entity.entity_counts``."""
        assert self.last is not None
        return entity_counts(self.held, [p.spans for p in self.last.test.read()])


class CrossFit:
    """``folds`` loops beside the run's own, round by round.

    Cross-fitting: Chernozhukov et al. 2018, section 1. Pooled counts: Forman & Scholz 2010, who
    find this F1 of a cross-validation the least biased.

    Every fold's loop has the whole pool and the rest of the seed set, but nothing of the fold's
    sentences, not even their text; test does not reach it. A round is judged by the pooled counts
    of all folds, so no sentence counts twice. All taggers of a round, folds + 1, are in memory at
    once.
    """

    def __init__(
        self, corpus: Corpus, parts: Split, annotator: Annotator, begin: Begin, folds: int
    ) -> None:
        """Prepare the loops.

        Raises:
            InputError: there are fewer sentences than folds.
        """
        if len(parts.seed_set) < folds:
            raise InputError(
                f"{len(parts.seed_set)} sentences of seed set make no {folds} folds",
                hint="lower search.folds",
            )
        self.folds = [self._fold(corpus, parts, annotator, begin, at, folds) for at in range(folds)]

    def _fold(
        self, corpus: Corpus, parts: Split, annotator: Annotator, begin: Begin, at: int, folds: int
    ) -> Fold:
        held = annotator.label([s.withheld() for s in parts.seed_set[at::folds]])
        rest = tuple(s for i, s in enumerate(parts.seed_set) if i % folds != at)
        smaller = replace(corpus, train=(*rest, *parts.pool), dev=(), test=held)
        return Fold(held, *begin(smaller, Split(rest, parts.pool, ())))

    def __call__(self, done: Round) -> float:
        """F1 in [0, 1] after the round that the run itself has just ended."""
        for fold in self.folds:
            fold.turn()
        return f1_of(np.concatenate([fold.counts() for fold in self.folds]))

    def close(self) -> None:
        for fold in self.folds:
            fold.steps.close()
