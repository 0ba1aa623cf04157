"""What a sweep will cost, before it runs: stored chains followed as far as they go, the rest
counted by structure."""

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
    """A step that is only read. Raises Missing where another would compute."""

    step: Step[T]

    @cached_property
    def key(self) -> str:
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
    """A store that only looks. Raises Missing where another would compute."""

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
    """A point's chain as far as it is known. fits: keys of stored ones. next: key of the fit that
    is missing, where its training set is known already; then, or otherwise, ``unknown`` (point,
    round) stand for fits whose training set depends on steps that are missing. tagger: digest of
    the tagger's identity."""

    alone: int
    fits: tuple[str, ...]
    next: str | None
    unknown: tuple[str, ...]
    tagger: str
    questions: list[Asking]


@dataclass(frozen=True, slots=True)
class Plan:
    """Bounds on a sweep's fits. alone: what its points would do each by itself. stored: distinct
    ones that are there. least, most: distinct ones to do; they are equal where no training set
    depends on what is still to be computed. seconds: of (least, most) by the timings of past fits
    with the same tagger, and the passes of annotation that go with them; None without a past fit.
    questions: to a language model, of points with a store.
    """

    points: int
    alone: int
    stored: int
    least: int
    most: int
    seconds: tuple[float, float] | None
    questions: Expected | None


def plan(points: Sequence[RunConfig], project: Path) -> Plan:
    """The bounds for the points of a sweep. Nothing is trained, annotated or written."""
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
        questions=expected(asking for p in plans for asking in p.questions),
    )


def plan_point(config: RunConfig, store: Store) -> PointPlan:
    """Follow one point's chain through the store until a step is missing."""
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
        total = len(fits)  # perhaps fewer than asked for: stop=churn
    reached = len(fits) + (following is not None)
    if not complete and following is None and fits and not store.has(weights_key(fits[-1])):
        following = fits[-1]  # to be done again: it has to annotate, and its weights were not kept
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
    """How many fits a point asks for: the last round trains one teacher, every other one all; the
    seed set may be judged fold by fold."""
    iteration = Iteration(**config.iteration.model_dump())
    judged = config.threshold.policy().needs_judged or iteration.needs_judged
    folds = FOLDS if config.suspects or (judged and iteration.rounds) else 0
    return iteration.rounds * iteration.teachers + 1 + folds


def seconds_by_tagger(stores: Iterable[DiskStore]) -> dict[str, float]:
    """Mean seconds of a stored fit, and of what is annotated after it, by digest of its tagger's
    identity."""
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
