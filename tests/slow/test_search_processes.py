"""One study, several processes: real fits of a CRF."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")
pytest.importorskip("pycrfsuite")

from optuna.storages import RetryHeartbeatStaleTrialCallback as Retry
from optuna.trial import FrozenTrial

from sciner.errors import InputError
from sciner.search.study import counted
from sciner.search.summary import open_study, summarise
from sciner.search.worker import WORKER
from tests.postgres import PASSWORD, server
from tests.slow.test_sweeps import sciner

pytestmark = pytest.mark.slow
SEARCH = (
    "run",
    "-m",
    "hydra/sweeper=sciner_optuna",
    "model=crf",
    "model.c1=tag(log,interval(0.01,2))",
    "threshold=fixed",
)
WORDS = (
    *SEARCH,
    "threshold.min_confidence=interval(0.5,0.95)",
    "data.limit=80",
    "data.dev_size=20",
    "model.max_iterations=20",
)
QUIET = ("tracking=none", "hydra.sweep.dir=sweep")
WHOLE = (*WORDS, *QUIET, "hydra.sweeper.pruner=none")  # each trial is complete in the end


def start(*words: str, cwd: Path, code: str = "") -> subprocess.Popen[str]:
    """Start sciner, or ``code`` in its place."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(
        [sys.executable, *(["-c", code] if code else ["-m", "sciner"]), *words],
        cwd=cwd,
        text=True,
        start_new_session=True,
        **pipes,
    )


@pytest.fixture(params=[".sciner/optuna.journal", "sqlite:///study.db", "server"])
def storage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param != "server":
        yield request.param
        return
    with server() as url:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        yield url


def wait_for(shells: Sequence[subprocess.Popen[str]]) -> list[str]:
    """What each of them printed."""
    told = []
    for shell in shells:
        told.append(shell.communicate(timeout=600)[0])
        assert shell.returncode == 0, told[-1]
    return told


def test_several_shells_work_on_one_study(storage: str, tmp_path: Path) -> None:
    """They begin at once, before there is a study."""
    words = (*WORDS, *QUIET, "hydra.sweeper.n_trials=8", f"hydra.sweeper.storage={storage}")
    wait_for([start(*words, cwd=tmp_path) for _ in range(3)])
    study = open_study("search", storage, tmp_path)
    assert (
        len(study.trials) == 8 == sum(summarise(study).trials.values())
        and "fail" not in summarise(study).trials
    )
    assert len({str(t.params) for t in study.trials}) == 8
    # more than one had work
    assert set(Counter(t.user_attrs["sciner.worker"] for t in study.trials).values()) != {8}
    assert {p.name for p in (tmp_path / "sweep").iterdir() if p.is_dir()} == {
        str(n) for n in range(8)
    }


def test_two_jobs_are_two_trials_at_once(project: Path) -> None:
    from mlflow import MlflowClient

    from sciner.tracking.database import local_uri

    words = (
        "hydra.launcher.n_jobs=2",
        "hydra.sweeper.n_trials=5",
        "hydra.sweep.dir=sweep",
    )
    sciner(*WORDS, *words, cwd=project)
    study = open_study("search", None, project)
    assert [t.state.is_finished() for t in study.trials] == [True] * 5
    first, second, *_ = study.trials
    assert second.datetime_start < first.datetime_complete
    client = MlflowClient(local_uri(project))
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert sorted(run.data.tags["sciner.trial"] for run in runs) == list("01234")


def test_a_study_that_was_killed_goes_on_where_it_was(storage: str, tmp_path: Path) -> None:
    """The trial that was running is run again; all trials are those of a study that nobody
    killed."""
    words = (*WORDS, *QUIET, f"hydra.sweeper.storage={storage}")
    shell = start(*words, "hydra.sweeper.n_trials=6", cwd=tmp_path)
    while len(list(tmp_path.glob("sweep/*/rounds.jsonl"))) < 3:
        assert shell.poll() is None
        time.sleep(0.02)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate()
    assert len(open_study("search", storage, tmp_path).trials) < 6
    sciner(*words, "hydra.sweeper.n_trials=6", cwd=tmp_path)
    sciner(
        *words,
        "hydra.sweeper.n_trials=6",
        "hydra.sweeper.study=unbroken",
        "store=none",
        cwd=tmp_path,
    )
    resumed, unbroken = (open_study(name, storage, tmp_path) for name in ("search", "unbroken"))
    kept = counted(resumed)
    killed = [t for t in resumed.trials if t not in kept]
    assert len(killed) <= 1 and sum(summarise(resumed).trials.values()) == 6
    assert len({str(t.params) for t in kept}) == 6
    again = [t.params for t in kept if Retry.retry_history(t)]
    assert [t.params for t in killed] == again
    known = {str(t.params): t.value for t in unbroken.trials}
    # behind them the numbers have moved on by one
    assert all(t.value == known[str(t.params)] for t in kept[:3])


def test_machines_share_a_study_on_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders with no lock in common: the trials are divided, and none is asked for twice."""
    with server() as url:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        words = (*WHOLE, f"hydra.sweeper.storage={url}")
        machines = [tmp_path / name for name in "ab"]
        for machine in machines:
            machine.mkdir()
        wait_for([start(*words, "hydra.sweeper.n_trials=8", cwd=machine) for machine in machines])
        study = open_study("search", url, tmp_path)
        assert summarise(study).trials == {"complete": 8} and len(study.trials) == 8
        assert len({t.user_attrs["sciner.worker"] for t in study.trials}) == 2
        assert len({str(t.params) for t in study.trials}) == 8
        written = [file.read_text(encoding="utf-8") for file in tmp_path.rglob("*.yaml")]
        assert written and not any(PASSWORD in text for text in written)


SOON = """import sys
from sciner.search import storage
storage.HEARTBEAT, storage.GRACE = 1, 4  # as quick as PostgreSQL's clock allows
from sciner.cli.main import main
main()"""


def test_the_trial_of_a_worker_that_was_killed_is_run_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers with a server and a store in common, as on three nodes: no trial is lost, none
    runs at the end, no stored step is computed again, and the numbers are printed once."""
    with server() as url:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        words = (*WHOLE, "hydra.sweeper.n_trials=9", f"hydra.sweeper.storage={url}")
        three = [start(*words, cwd=tmp_path, code=SOON) for _ in range(3)]
        shell, trial = stopped_in_a_trial(three, url, tmp_path)
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()
        told = wait_for([other for other in three if other is not shell])
        study = open_study("search", url, tmp_path)
        assert summarise(study).trials == {"complete": 9} and len(study.trials) == 10
        (again,) = (t for t in study.trials if Retry.retry_history(t) == [trial.number])
        assert again.params == trial.params
        known, rows = (rows_of(tmp_path / f"sweep/{t.number}") for t in (trial, again))
        assert all(step["hit"] for row in rows[: len(known)] for step in row["steps"])
        assert sorted("study search: 9 complete" in out for out in told) == [False, True]


def stopped_in_a_trial(
    shells: Sequence[subprocess.Popen[str]], url: str, folder: Path
) -> tuple[subprocess.Popen[str], FrozenTrial]:
    """One of several workers, stopped when a round of its trial is on disk, and the trial."""
    while True:
        for shell in shells:
            assert shell.poll() is None, shell.communicate()
            os.kill(shell.pid, signal.SIGSTOP)
            with suppress(InputError):  # there is no study yet
                for trial in open_study("search", url, folder).trials:
                    mine = f"-{shell.pid}-" in trial.user_attrs.get(WORKER, "")
                    rounds = folder / f"sweep/{trial.number}/rounds.jsonl"
                    if mine and not trial.state.is_finished() and rounds.exists():
                        return shell, trial
            os.kill(shell.pid, signal.SIGCONT)
            time.sleep(0.1)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "rounds.jsonl").open(encoding="utf-8")]


def test_a_server_without_its_driver_is_one_line(tmp_path: Path) -> None:
    code = "import sys; sys.modules['psycopg'] = None; from sciner.cli.main import main; main()"
    words = [*WORDS, "hydra.sweeper.storage=postgresql+psycopg://host/base"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert (
        done.returncode == 2
        and done.stderr.count("\n") == 1
        and "pip install 'sciner[postgresql]'" in done.stderr
    )
