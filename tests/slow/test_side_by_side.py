"""Real sweeps with several jobs at once: the same figures, and a death costs one point at most."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.slow.test_signals import heeding, living
from tests.slow.test_sweeps import SMOKE, sciner

pytestmark = pytest.mark.slow
WORDS = ("run", "-m", "tracking=none", "hydra.sweep.dir=sweep")
TWO = "hydra.launcher.n_jobs=2"
LONG = ("model=gazetteer", "iteration.rounds=30", "data.limit=60", "store=none")


def scores(sweep: Path, jobs: Iterable[int] = range(4)) -> list[Any]:
    """Of the jobs, whatever a clock does not say."""
    return [
        [
            {k: v for k, v in json.loads(line)["scores"].items() if not k.startswith("time/")}
            for line in (sweep / str(job) / "rounds.jsonl").read_text().splitlines()
        ]
        for job in jobs
    ]


def test_jobs_side_by_side_have_the_scores_of_one_thread_and_one_job(tmp_path: Path) -> None:
    axes = ("seed=0,1", "threshold=accept_all,fixed", *SMOKE)
    serial, parallel = tmp_path / "serial", tmp_path / "parallel"
    serial.mkdir()
    parallel.mkdir()
    assert "4 of 4 jobs done" in sciner(*WORDS, *axes, "trainer.threads=1", cwd=serial)
    said = sciner(*WORDS, *axes, TWO, cwd=parallel)
    assert "4 of 4 jobs done" in said and "test F1 by round" not in said
    assert scores(serial / "sweep") == scores(parallel / "sweep")
    assert "test F1 by round" in (parallel / "sweep/0/output.txt").read_text()
    assert "threads: 1\n" in (parallel / "sweep/0/config.yaml").read_text()


def workers(shell: subprocess.Popen[str]) -> Iterator[tuple[str, psutil.Process]]:
    """(job, process) of each job that has begun; a job's output goes into its folder."""
    for process in psutil.Process(shell.pid).children(recursive=True):
        try:
            output = Path(f"/proc/{process.pid}/fd/1").readlink()
        except OSError:
            continue
        if output.name == "output.txt":
            yield output.parent.name, process


def start(project: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sciner", *words],
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=heeding,
    )


def kill(shell: subprocess.Popen[str], job: str, times: int, project: Path) -> None:
    """Kill a job's process when its rounds have begun, so often."""
    killed: set[int] = set()
    while len(killed) < times:
        assert shell.poll() is None, shell.communicate()
        for name, process in workers(shell):
            begun = list(project.glob(f"sweep/{job}/round_*"))
            if name == job and begun and process.pid not in killed:
                process.kill()
                killed.add(process.pid)
        time.sleep(0.02)


def test_a_killed_job_is_started_again_and_the_others_do_not_notice(tmp_path: Path) -> None:
    shell = start(tmp_path, *WORDS, *LONG, "seed=0,1,2,3", TWO)
    kill(shell, "1", 1, tmp_path)
    said, _ = shell.communicate(timeout=120)
    assert shell.returncode == 0, said
    assert "job 2 of 4: seed=1: killed by SIGKILL" in said and "it is started again" in said
    assert "4 of 4 jobs done" in said and len(scores(tmp_path / "sweep")[1]) == 31


def test_a_job_that_is_killed_twice_has_failed_and_the_others_end(tmp_path: Path) -> None:
    shell = start(tmp_path, *WORDS, *LONG, "seed=0,1,2,3", TWO)
    kill(shell, "0", 2, tmp_path)
    said, _ = shell.communicate(timeout=120)
    assert shell.returncode == 1, said
    assert "3 of 4 jobs done, 1 failed" in said and "failed: " in said and "Traceback" not in said
    assert [len(rounds) for rounds in scores(tmp_path / "sweep", (1, 2, 3))] == [31, 31, 31]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGHUP])
def test_no_job_outlives_its_parent_by_more_than_moments(signum: int, tmp_path: Path) -> None:
    shell = start(tmp_path, *WORDS, *LONG, "seed=0,1,2,3", TWO)
    while not list(tmp_path.glob("sweep/1/round_1")):
        assert shell.poll() is None, shell.communicate()
        time.sleep(0.02)
    shell.send_signal(signum)
    until = time.monotonic() + 5
    while living(shell.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert living(shell.pid) == []
    shell.communicate()
    assert not list(tmp_path.glob("sweep/[23]/rounds.jsonl"))
