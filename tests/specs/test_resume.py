"""A run that was interrupted goes on as itself: one run in the tracker, whatever happened to its
process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sciner.cli.main import app
from sciner.launch.main import main
from sciner.results.folder import RunFolder, reserved
from sciner.tracking.mlflow import MlflowTracker
from tests.specs.test_run import fake, history, rows_of, runs_of  # noqa: F401 (a fixture)

SWEEP = ("-m", "seed=1,2,3", "iteration.rounds=1")


class Killed(BaseException):
    """As SIGKILL: nobody is told."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run words that are killed after so many rounds."""

    def run(rounds: int, *words: str) -> None:
        written = []

        def write(self: RunFolder, *arguments: Any) -> None:
            if len(written) == rounds:
                raise Killed
            kept(self, *arguments)
            written.append(1)

        kept = RunFolder.write_round
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(RunFolder, "write_round", write)
            patched.setattr(MlflowTracker, "finish", finish_unless_killed(MlflowTracker.finish))
            main(words)

    return run


def finish_unless_killed(kept: Callable[..., None]) -> Callable[..., None]:
    return lambda self, status: None if status == "KILLED" else kept(self, status)


def statuses(project: Path) -> Counter[str]:
    return Counter(run.info.status for run in runs_of(project))


def replayed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    app(["track", "replay", *words], standalone_mode=False)
    return capsys.readouterr().out.strip().partition(": sqlite")[0]


def test_the_same_words_continue_a_sweep_and_each_of_its_runs(
    project: Path, killed: Callable[..., None]
) -> None:
    for rounds in (1, 3):
        killed(rounds, *SWEEP)
        assert statuses(project)["RUNNING"] == 1
    assert main(SWEEP) == 0
    runs = runs_of(project)
    assert (
        statuses(project) == {"FINISHED": 3}
        and len({run.data.tags["sciner.sweep"] for run in runs}) == 1
    )
    for run in runs:
        rows = rows_of(Path(run.data.tags["sciner.directory"]))
        told = history(project, run.info.run_id, "test/f1/micro")
        # each figure once
        assert told == [(k, rows[k]["scores"]["test/f1/micro"]) for k in range(2)]
    assert main(SWEEP) == 0  # a sweep that has all its points is done: this is another
    assert statuses(project) == {"FINISHED": 6}
    assert set(Counter(run.data.tags["sciner.sweep"] for run in runs_of(project)).values()) == {3}


def test_a_run_that_is_at_work_is_not_continued_by_another(
    project: Path, killed: Callable[..., None]
) -> None:
    killed(1, "hydra.run.dir=here", "iteration.rounds=1")
    with reserved(project / "here"):
        assert main(["hydra.run.dir=there", "iteration.rounds=1"]) == 0
    assert statuses(project) == {"RUNNING": 1, "FINISHED": 1}


def test_of_two_that_would_continue_a_run_at_once_one_does(
    project: Path, killed: Callable[..., None]
) -> None:
    killed(1, "hydra.run.dir=here", "iteration.rounds=1")
    (dead,) = runs_of(project)
    first, second = (MlflowTracker(f"sqlite:///{project}/mlflow.db", "sciner") for _ in range(2))
    there = {name: dead.data.tags | {"sciner.directory": name} for name in ("first", "second")}
    assert first.unfinished(there["first"]) == dead.data.tags["sciner.run"]
    assert second.unfinished(there["second"]) == ""
    first.start("words", {}, there["first"])
    assert second.unfinished(there["second"]) == ""  # its folder is another now


def test_in_its_own_sweep_a_point_continues_the_run_in_its_own_folder(
    project: Path, killed: Callable[..., None]
) -> None:
    """Its job was killed, or has moved to another machine; a point with the same words elsewhere is
    another one."""
    killed(1, "-m", "seed=1", "iteration.rounds=1")
    (dead,) = runs_of(project)
    tracker = MlflowTracker(f"sqlite:///{project}/mlflow.db", "sciner")
    assert tracker.unfinished(dead.data.tags) == dead.data.tags["sciner.run"]
    assert tracker.unfinished(dead.data.tags | {"sciner.directory": "elsewhere"}) == ""


def test_other_settings_are_another_run_and_places_are_no_settings(
    project: Path, killed: Callable[..., None]
) -> None:
    killed(1, "hydra.run.dir=here", "iteration.rounds=1")
    assert main(["hydra.run.dir=there", "iteration.rounds=1", "seed=7"]) == 0
    assert statuses(project) == {"RUNNING": 1, "FINISHED": 1}
    # in the folder it was killed in
    assert main(["hydra.run.dir=here", "iteration.rounds=1", "store.keep_weights=all"]) == 0
    assert statuses(project) == {"FINISHED": 2}


def test_replay_completes_a_run_whose_tracker_was_lost(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def dying(self: MlflowTracker, number: int, *told: Any) -> None:
        if number == 1:
            raise ConnectionError("the server went away")
        kept(self, number, *told)

    kept = MlflowTracker.log_round
    with monkeypatch.context() as patched:
        patched.setattr(MlflowTracker, "log_round", dying)
        assert main(["hydra.run.dir=here"]) == 3
    assert statuses(project) == {"FAILED": 1}  # logging it again at the end failed too
    assert replayed(capsys) == "0 runs replayed, 1 completed, 0 already there"
    (run,) = runs_of(project)
    rows = rows_of(project / "here")
    assert run.info.status == "FINISHED" and run.info.end_time
    for name in ("test/f1/micro", "time/round/seconds"):
        assert history(project, run.info.run_id, name) == [
            (k, rows[k]["scores"][name]) for k in range(3)
        ]
    assert replayed(capsys) == "0 runs replayed, 0 completed, 1 already there"


def test_replay_says_of_a_run_that_was_killed_that_it_was(
    project: Path, killed: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    killed(1, "hydra.run.dir=first", "iteration.rounds=1", "seed=3")
    assert replayed(capsys) == "no finished run; 1 interrupted, now KILLED"
    assert main(["hydra.run.dir=whole", "iteration.rounds=1", "seed=3"]) == 0
    killed(1, "hydra.run.dir=here", "iteration.rounds=1", "seed=2")
    with reserved(project / "here"):
        replayed(capsys)
    assert statuses(project) == {"FINISHED": 1, "RUNNING": 1}  # somebody is at work in its folder
    assert replayed(capsys).endswith("1 already there, 1 interrupted, now KILLED")
    assert statuses(project) == {"FINISHED": 1, "KILLED": 1}
    assert main(["hydra.run.dir=here", "iteration.rounds=1", "seed=2"]) == 0
    assert statuses(project) == {"FINISHED": 2}


def test_one_run_that_cannot_be_replayed_does_not_stop_the_others(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(
            [*SWEEP[:1], "seed=1,2", "iteration.rounds=0", "tracking=none", "hydra.sweep.dir=sweep"]
        )
        == 0
    )
    rounds = project / "sweep/0/rounds.jsonl"
    rounds.write_text(rounds.read_text().replace('"test/f1/micro"', '"no?name"'))
    assert app(["track", "replay", "sweep"], standalone_mode=False) == 1
    out = capsys.readouterr().out
    assert "1 runs replayed, 0 completed, 0 already there, 1 failed" in out
    assert "sweep/0 cannot be replayed" in out
    assert statuses(project) == {"FINISHED": 1, "FAILED": 1}
