"""Follows a point's steps through the store, until one is missing; nothing is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sciner.config import RunConfig
from sciner.config.conf import NO_RESULT
from sciner.hashing import digest
from sciner.loop.iteration import Iteration
from sciner.loop.out_of_fold import FOLDS
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.weights import weights_key
from sciner.policy.people import LabelsWanted
from sciner.run.prepare import prepare
from sciner.run.questions import Asking
from sciner.store.step import Result, Step
from sciner.store.store import Store
from sciner.text.corpus import Corpus

T = TypeVar("T")


class Missing(Exception):
    """A step that is not in the store."""

    def __init__(self, step: Step[Any]) -> None:
        super().__init__(step.key)
        self.step = step


@dataclass(frozen=True)
class Known(Step[T]):
    """A step that is only read; raises Missing where the step itself would be computed."""

    step: Step[T]

    @cached_property
    def key(self) -> str:
        """The key of the step."""
        return self.step.key

    def inputs(self) -> Mapping[str, Any]:
        return self.step.inputs()

    def compute(self, folder: Path) -> None:
        raise Missing(self.step)

    def load(self, folder: Path) -> T:
        return self.step.load(folder)

    def read_back(self, folder: Path) -> None:
        self.step.read_back(folder)


@dataclass
class ReadOnlyStore:
    """A store that is only read; raises Missing where another store would compute."""

    store: Store
    keeps: bool = True

    def run(self, step: Step[T]) -> Result[T]:
        if not self.store.has(step.key):
            raise Missing(step)
        return self.store.run(Known(step))

    def has(self, key: str) -> bool:
        return self.store.has(key)

    def discard(self, key: str) -> None: ...

    def record(self, archive: Callable[[Path], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class PointPlan:
    """The steps of a point, as far as they are known.

    Attributes:
        alone: number of fits without a store.
        fits: keys of the stored fits.
        next: key of the first missing fit, if its training set is known.
        unknown: names (point, round) of fits whose training set depends on missing steps.
        tagger: digest of the tagger's identity.
        questions: to a language model.
        corpus: of the point.
        rounds: number of rounds that the store has.
        missing: the first step that it lacks; None if there is none, or if people answer first.
    """

    alone: int
    fits: tuple[str, ...]
    next: str | None
    unknown: tuple[str, ...]
    tagger: str
    questions: list[Asking]
    corpus: Corpus
    rounds: int
    missing: Step[Any] | None

    @property
    def to_do(self) -> int:
        """How many fits are missing, at most."""
        return len(self.unknown) + (self.next is not None)


def follow(config: RunConfig, store: Store, corpus: Corpus | None = None) -> PointPlan:
    """Follow a point's steps until one is missing.

    Args:
        config: of the point.
        store: its store.
        corpus: its corpus, if it has been read before.
    """
    ready, total = prepare(config, ReadOnlyStore(store), corpus=corpus), fits_of(config)
    rounds, missing, complete = 0, None, False
    try:
        for _ in ready.rounds:
            rounds += 1
        complete = True
    except LabelsWanted:  # what people will say is not known yet
        pass
    except Missing as error:
        missing = error.step
    following = missing.key if missing and missing.NAME == Fit.NAME else None
    fits = tuple(done.key for done in ready.steps.taken if done.step == Fit.NAME)
    if complete:
        total = len(fits)  # possibly fewer rounds than requested (stop=churn)
    reached = len(fits) + (following is not None)
    if not complete and following is None and fits and not store.has(weights_key(fits[-1])):
        following = fits[-1]  # to be repeated: it has to annotate, but its weights were not kept
    return PointPlan(
        total,
        fits,
        following,
        names(config, reached, total),
        digest(ready.steps.tagger.identity()),
        [] if complete else ready.questions(),
        ready.corpus,
        rounds,
        missing,
    )


def names(config: RunConfig, reached: int, total: int) -> tuple[str, ...]:
    """Names for the fits from number ``reached``; points that cannot differ have the same."""
    values = config.model_dump(exclude=set(NO_RESULT))
    values["iteration"].pop("rounds")
    point = digest(values)
    return tuple(f"{point}/{n}" for n in range(reached, total))


def fits_of(config: RunConfig) -> int:
    """How many fits a point has without a store.

    The last round trains one tagger, the others all teachers. Out-of-fold predictions need one more
    fit per fold.
    """
    iteration = Iteration(**config.iteration.model_dump())
    judged = config.threshold.policy().needs_judged or iteration.needs_judged
    folds = FOLDS if config.suspects or (judged and iteration.rounds) else 0
    return iteration.rounds * iteration.teachers + 1 + folds
