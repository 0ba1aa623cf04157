"""Estimates the cost of a sweep before it runs.

Stored steps are followed as far as they are known; the rest is counted by structure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
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
from sciner.loop.steps.predict import Predict
from sciner.loop.steps.weights import weights_key
from sciner.policy.people import LabelsWanted
from sciner.run.build import build_store
from sciner.run.prepare import prepare
from sciner.run.questions import Asking, Expected, expected
from sciner.store.disk import DiskStore, Store
from sciner.store.entry import Damaged, NewerEntry
from sciner.store.step import Result, Step

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
    """

    alone: int
    fits: tuple[str, ...]
    next: str | None
    unknown: tuple[str, ...]
    tagger: str
    questions: list[Asking]

    @property
    def to_do(self) -> int:
        """How many fits are missing, at most."""
        return len(self.unknown) + (self.next is not None)


@dataclass(frozen=True, slots=True)
class Plan:
    """Bounds on the fits of a sweep.

    Attributes:
        points: their number.
        alone: fits if every point ran without a store.
        stored: distinct fits in the store.
        least, most: distinct fits to do; they are equal if no training set depends on missing
            results.
        seconds: for (least, most), estimated from earlier fits with the same tagger and the
            annotation that followed them; None without an earlier fit.
        longest: the same for the point that takes longest.
        questions: to a language model, for points with a store.
    """

    points: int
    alone: int
    stored: int
    least: int
    most: int
    seconds: tuple[float, float] | None
    longest: tuple[float, float]
    questions: Expected | None

    def on(self, jobs: int) -> tuple[float, float]:
        """Seconds with so many jobs at a time: the rounds of a point follow one another."""
        assert self.seconds is not None
        least, most = (max(s / jobs, p) for s, p in zip(self.seconds, self.longest, strict=True))
        return least, most


def plan(points: Sequence[RunConfig], project: Path) -> Plan:
    """Compute the bounds for the points of a sweep; nothing is trained, annotated or written."""
    stored = [config for config in points if config.store.kind == "disk"]
    bare = sum(fits_of(config) for config in points if config.store.kind == "none")
    stores = [build_store(config.store, project) for config in stored]
    plans = [plan_point(config, store) for config, store in zip(stored, stores, strict=True)]
    known = {p.next: p for p in plans if p.next}
    to_do = [*known.values(), *{name: p for p in plans for name in p.unknown}.values()]
    seconds = seconds_by_tagger(
        {store.root: store for store in stores if isinstance(store, DiskStore)}.values()
    )
    costs = [seconds.get(p.tagger) for p in to_do]
    timed = bare == 0 and None not in costs
    return Plan(
        points=len(points),
        alone=bare + sum(p.alone for p in plans),
        stored=len({key for p in plans for key in p.fits}),
        least=bare + len(known),
        most=bare + len(to_do),
        seconds=(sum(c or 0 for c in costs[: len(known)]), sum(c or 0 for c in costs))
        if timed
        else None,
        longest=(
            max((seconds.get(p.tagger) or 0 for p in known.values()), default=0),
            max(((seconds.get(p.tagger) or 0) * p.to_do for p in plans), default=0),
        ),
        questions=expected(asking for p in plans for asking in p.questions),
    )


def plan_point(config: RunConfig, store: Store) -> PointPlan:
    """Follow one point's steps through the store until a step is missing."""
    ready, total = prepare(config, ReadOnlyStore(store)), fits_of(config)
    following, complete = None, False
    try:
        for _ in ready.rounds:
            pass
        complete = True
    except LabelsWanted:  # what people will say is not known yet
        pass
    except Missing as missing:
        if missing.step.NAME == Fit.NAME:
            following = missing.step.key
    fits = tuple(done.key for done in ready.steps.taken if done.step == Fit.NAME)
    if complete:
        total = len(fits)  # possibly fewer rounds than requested (stop=churn)
    reached = len(fits) + (following is not None)
    if not complete and following is None and fits and not store.has(weights_key(fits[-1])):
        following = fits[-1]  # to be repeated: it has to annotate, but its weights were not kept
    values = config.model_dump(exclude=set(NO_RESULT))
    values["iteration"].pop("rounds")
    unknown = tuple(f"{digest(values)}/{n}" for n in range(reached, total))
    return PointPlan(
        total,
        fits,
        following,
        unknown,
        digest(ready.steps.tagger.identity()),
        [] if complete else ready.questions(),
    )


def fits_of(config: RunConfig) -> int:
    """How many fits a point has without a store.

    The last round trains one tagger, the others all teachers. Out-of-fold predictions need one more
    fit per fold.
    """
    iteration = Iteration(**config.iteration.model_dump())
    judged = config.threshold.policy().needs_judged or iteration.needs_judged
    folds = FOLDS if config.suspects or (judged and iteration.rounds) else 0
    return iteration.rounds * iteration.teachers + 1 + folds


def seconds_by_tagger(stores: Iterable[DiskStore]) -> dict[str, float]:
    """Mean seconds of a stored fit and the annotation after it, by the digest of its tagger."""
    fits: dict[str, tuple[str, float]] = {}
    rest: dict[str, float] = {}
    for store in stores:
        for key in store.listed():
            with suppress(Damaged, NewerEntry):
                meta = store.meta(key)
                if meta["step"] == Fit.NAME:
                    fits[key] = digest(meta["inputs"]["tagger"]), meta["seconds"]
                elif meta["step"] == Predict.NAME:
                    fit = meta["inputs"]["fit"]
                    rest[fit] = rest.get(fit, 0.0) + meta["seconds"]
    by_tagger: dict[str, list[float]] = {}
    for key, (tagger, seconds) in fits.items():
        by_tagger.setdefault(tagger, []).append(seconds + rest.get(key, 0.0))
    return {tagger: sum(times) / len(times) for tagger, times in by_tagger.items()}
