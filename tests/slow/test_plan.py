"""What a sweep will cost is known before it runs: bounds that hold, and nothing is done to find
them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.launch import plan as plan_module
from sciner.launch.follow import follow
from sciner.launch.main import main, plan_sweep
from sciner.launch.overrides import check, parse_flags
from sciner.launch.plan import Plan, plan, plan_points
from sciner.run.build import build_store
from tests.fakes import FakeTagger
from tests.specs.test_run import fake  # noqa: F401 (a fixture)

QUIET = "tracking=none"
pytestmark = pytest.mark.slow


def words(*more: str) -> list[str]:
    return ["-m", QUIET, *more]


def fits_of(sweep: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many fits running it takes."""
    count = 0
    own = FakeTagger.fit

    def counted(self: FakeTagger, *args: object, **kwargs: object) -> object:
        nonlocal count
        count += 1
        return own(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeTagger, "fit", counted)
    assert main(sweep) == 0
    monkeypatch.setattr(FakeTagger, "fit", own)
    return count


@pytest.mark.parametrize(
    "sweep",
    [
        words("threshold=accept_all,fixed", "iteration.rounds=1,2"),
        words("seed=0,1", "threshold=accept_none,fixed", "iteration.init=pretrained,previous"),
        words("iteration.rounds=0,1,2", "iteration.teachers=3", "iteration.steps=null,600"),
        words("iteration=supervised", "data.seed_size=10%,20%"),
        words("suspects=true", "data.seed_size=40,45", "threshold=fixed", "iteration.rounds=0,1"),
        words(
            "threshold=fixed", "threshold.min_confidence=0.5,0.6", "iteration.relabel=frozen,all"
        ),
    ],
)
def test_the_bounds_hold_from_an_empty_store_and_from_a_filled_one(
    sweep: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plan_sweep(sweep)
    assert not (project / ".sciner").exists() and before.stored == 0 and before.seconds is None
    assert before.least <= fits_of(sweep, monkeypatch) <= before.most <= before.alone
    after = plan_sweep(sweep)
    assert (after.least, after.most, after.alone) == (0, 0, before.alone)
    assert fits_of(sweep, monkeypatch) == 0


def test_a_longer_sweep_needs_only_what_is_new(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(words("iteration.rounds=1")) == 0
    longer = words("iteration.rounds=1,3")
    found = plan_sweep(longer)
    assert found.stored == 2 and found.alone == 6 and found.most == 2
    assert found.seconds is not None and found.seconds[1] > 0
    assert found.least <= fits_of(longer, monkeypatch) <= found.most


def test_a_fit_whose_weights_are_gone_is_counted_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(words("iteration.rounds=1", "store.keep_weights=none")) == 0
    longer = words("iteration.rounds=2", "store.keep_weights=none")
    found = plan_sweep(longer)
    assert (found.least, found.most) == (1, 2)
    assert found.least <= fits_of(longer, monkeypatch) <= found.most


def test_without_a_store_every_point_pays_for_itself(project: Path) -> None:
    found = plan_sweep(words("store=none", "threshold=accept_all,fixed", "iteration.rounds=2"))
    unknown = {"seconds": None, "longest": (0, 0), "questions": None}
    assert found == Plan(points=2, alone=6, stored=0, least=6, most=6, **unknown)  # type: ignore[arg-type]


def test_more_jobs_are_faster_until_the_longest_point_decides() -> None:
    found = Plan(20, 60, 0, 16, 32, (160.0, 320.0), (10.0, 30.0), None)
    assert found.on(4) == (40.0, 80.0) and found.on(16) == (10.0, 30.0)


WIDE = [
    words(
        "threshold=accept_all,fixed,quantile,accept_none", "iteration.rounds=0,1,3", "seed=0,1",
        "threshold.confidence=min,mean",
    ),
    words(
        "threshold=fixed", "threshold.min_confidence=0.1,0.5,0.9", "acquire=none,random,mnlp",
        "iteration.rounds=1,2", "acquire.batch=5,10",
    ),
    words(
        "threshold=precision,accept_all", "data.seed_size=40,45", "suspects=true,false",
        "iteration.teachers=1,2", "iteration.rounds=0,1",
    ),
]  # fmt: skip


@pytest.mark.parametrize("sweep", WIDE)
@pytest.mark.parametrize("run", [None, "accept_all", "fixed"])
def test_each_point_is_planned_as_if_it_were_the_only_one(
    sweep: list[str], run: str | None, project: Path
) -> None:
    """Also where others lack the same step, before and after a part of the sweep has run."""
    points = check(parse_flags(sweep)).points
    if run:
        begun = [f"threshold={run}", "iteration.rounds=1", "store.keep_weights=all"]
        assert main([QUIET, *begun, f"data.seed_size={points[0].data.seed_size}"]) == 0
    stores = {place: build_store(place, project) for place in {c.store for c in points}}
    alone = [follow(c, stores[c.store]) for c in points]
    told = ("alone", "fits", "next", "unknown", "tagger")
    for config, ours, own in zip(points, plan_points(points, stores), alone, strict=True):
        assert [getattr(ours, name) for name in told] == [getattr(own, name) for name in told], (
            config
        )


def test_most_points_of_a_sweep_need_no_look_at_the_store(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = []
    real = plan_module.follow
    monkeypatch.setattr(plan_module, "follow", lambda *a: followed.append(1) or real(*a))
    sweep = words("threshold=fixed", "threshold.min_confidence=0.1,0.2,0.3,0.4", "seed=0,1")
    plan_sweep(sweep)
    assert len(followed) == 2  # one for each first fit
    assert main(words("threshold=accept_all", "seed=0,1", "iteration.rounds=1")) == 0
    followed.clear()
    plan_sweep(sweep)
    assert len(followed) == 2  # one for each pool that is annotated


def test_planning_computes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fit", "restore"):
        monkeypatch.setattr(FakeTagger, name, None)
    points, *_ = check(parse_flags(words("threshold=accept_all,fixed")))
    assert plan(points, project).most > 0
