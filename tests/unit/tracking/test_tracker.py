"""A run goes on without its tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sciner.tracking.datasets import Dataset
from sciner.tracking.tracker import Curve, GuardedTracker, NoTracker, Tracker


class Brittle:
    """Records what it is told until it breaks."""

    run_id = "r1"

    def __init__(self, breaks_at: int) -> None:
        self.told: list[str] = []
        self.breaks_at = breaks_at

    def note(self, call: str) -> None:
        self.told.append(call)
        if len(self.told) == self.breaks_at:
            raise ConnectionError("gone\nfor good")

    def unfinished(self, tags: Mapping[str, str]) -> str:
        self.note(f"unfinished {tags}")
        return "x"

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self.note(f"start {name} {params} {tags}")

    def inputs(self, datasets: Sequence[Dataset]) -> None:
        self.note(f"inputs {datasets}")

    def log_round(self, number: int, scores: Mapping[str, float], losses: Curve) -> None:
        self.note(f"round {number} {scores} {losses}")

    def artifact(self, path: Path, folder: str | None = None) -> None:
        self.note(f"artifact {path} {folder}")

    def tag(self, name: str, value: str) -> None:
        self.note(f"tag {name} {value}")

    def finish(self, status: str) -> None:
        self.note(f"finish {status}")


def tell(tracker: Tracker) -> None:
    tracker.unfinished({"sciner.point": "p"})
    tracker.start("run", {"seed": "0"}, {"sciner.run": "x"})
    tracker.inputs([Dataset("sample", "test", "d1g3st", "code", {}, 2, 9, 3)])
    tracker.log_round(1, {"test/f1/micro": 0.5}, ((1, 0.25),))
    tracker.artifact(Path("config.yaml"))
    tracker.artifact(Path("model"), "model")
    tracker.tag("sciner.cache", "all")
    tracker.finish("FINISHED")


def test_a_guarded_tracker_is_told_what_the_tracker_would_be() -> None:
    plain, guarded = Brittle(breaks_at=0), Brittle(breaks_at=0)
    tell(plain)
    tell(GuardedTracker(guarded))
    assert guarded.told == plain.told and len(plain.told) == 8
    assert GuardedTracker(guarded).run_id == "r1"
    assert GuardedTracker(plain).unfinished({}) == "x"


def test_of_a_broken_tracker_nothing_is_continued() -> None:
    assert GuardedTracker(Brittle(breaks_at=1)).unfinished({}) == ""


def test_a_broken_tracker_is_never_spoken_to_again(caplog: pytest.LogCaptureFixture) -> None:
    brittle = Brittle(breaks_at=3)
    guarded = GuardedTracker(brittle)
    tell(guarded)
    assert [told.split()[0] for told in brittle.told] == ["unfinished", "start", "inputs"]
    assert guarded.lost == "ConnectionError: gone"
    assert [r.levelname for r in caplog.records] == ["WARNING"]


def test_a_method_that_no_tracker_has_is_a_mistake_and_no_lost_tracker() -> None:
    guarded = GuardedTracker(Brittle(breaks_at=0))
    with pytest.raises(AttributeError):
        guarded.artefact(Path("config.yaml"))  # type: ignore[attr-defined]
    assert guarded.lost is None


def test_without_a_tracker_nothing_is_shown() -> None:
    tell(NoTracker())
    assert NoTracker().run_id == ""
