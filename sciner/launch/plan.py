"""Estimates the cost of a sweep before it runs.

Stored steps are followed as far as they are known; the rest is counted by structure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sciner.config import RunConfig
from sciner.config.conf import NO_RESULT
from sciner.config.places import StoreConfig
from sciner.hashing import digest
from sciner.launch.follow import PointPlan, fits_of, follow, names
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.predict import Predict
from sciner.loop.steps.select import Select
from sciner.run.build import build_store, build_threshold
from sciner.run.questions import Expected, expected
from sciner.store.disk import DiskStore
from sciner.store.entry import Damaged, NewerEntry
from sciner.store.step import key_of
from sciner.store.store import Store
from sciner.text.corpus import Corpus


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
    stores = {place: build_store(place, project) for place in {c.store for c in stored}}
    plans = plan_points(stored, stores)
    known = {p.next: p for p in plans if p.next}
    to_do = [*known.values(), *{name: p for p in plans for name in p.unknown}.values()]
    seconds = seconds_by_tagger(
        {store.root: store for store in stores.values() if isinstance(store, DiskStore)}.values()
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


def plan_points(
    points: Iterable[RunConfig], stores: Mapping[StoreConfig, Store]
) -> list[PointPlan]:
    """Plan each point.

    Points of a sweep differ little, so most lack the same step as an earlier one, and need no
    further look at the corpus and the store.

    Args:
        points: all with a store.
        stores: of the points.
    """
    corpora: dict[str, Corpus] = {}
    earlier = Earlier()
    plans = []
    for config in points:
        store = stores[config.store]
        if like := earlier.like(config, store):
            build_threshold(config, like.corpus.labels)  # raises what prepare would raise
            total, reached = fits_of(config), like.alone - len(like.unknown)
            plans.append(replace(like, alone=total, unknown=names(config, reached, total)))
            continue
        text = digest(config.data.model_dump(exclude={"seed_size", "seed_order", "limit"}))
        plans.append(follow(config, store, corpora.get(text)))
        corpora[text] = plans[-1].corpus
        if not config.asks():
            earlier.add(config, plans[-1])
    return plans


@dataclass
class Earlier:
    """Plans of points that lack what later points may lack too.

    Attributes:
        without_fit: those that lack a fit of round 0.
        without_silver: those that lack the selection of round 1, and its inputs.
    """

    without_fit: dict[str, PointPlan] = field(default_factory=dict)
    without_silver: dict[str, tuple[PointPlan, Mapping[str, Any]]] = field(default_factory=dict)

    def add(self, config: RunConfig, plan: PointPlan) -> None:
        """Remember the plan of a point, if others may be like it."""
        match plan.rounds, plan.missing:
            case 0, Fit():
                self.without_fit[until_fit(config)] = plan
            case 1, Select() as missing:
                self.without_silver[until_silver(config)] = plan, missing.inputs()

    def like(self, config: RunConfig, store: Store) -> PointPlan | None:
        """The plan of an earlier point that lacks the same step; None if there is none."""
        if plan := self.without_fit.get(until_fit(config)):
            return plan
        if (found := self.without_silver.get(until_silver(config))) is None:
            return None
        plan, inputs = found
        own = {**inputs, "threshold": config.threshold.policy().identity()}
        return None if store.has(key_of(Select.NAME, Select.VERSION, own)) else plan


def until_fit(config: RunConfig) -> str:
    """A digest of what decides about the fits of round 0, and whether prepare refuses a point."""
    return digest([settings_of(config, {"threshold", "acquire"}), config.acquire.scorer])


def until_silver(config: RunConfig) -> str:
    """A digest of what decides about all steps before the first selection of silver."""
    threshold = config.threshold.policy()
    return digest(
        [settings_of(config, {"threshold"}), threshold.needs_silver, threshold.confidence]
    )


def settings_of(config: RunConfig, later: set[str]) -> list[Any]:
    """What decides about steps, without the sections ``later`` and the number of rounds."""
    values = config.model_dump(exclude=later | NO_RESULT - {"store", "suspects"})
    further = values["iteration"].pop("rounds") > 0
    return [values, further, config.threshold.policy().needs_judged]


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
