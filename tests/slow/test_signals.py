"""Real signals to real sweeps: what is open is closed, and the same words go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sciner.tracking.database import local_uri
from tests.slow.test_sweeps import sciner

pytestmark = pytest.mark.slow
WORDS = (
    "run",
    "-m",
    "model=gazetteer",
    "iteration.rounds=8",
    "data.limit=60",
)
SWEEP = (*WORDS, "seed=0,1,2,3", "hydra.sweep.dir=sweep")
SIDE_BY_SIDE = ("hydra.launcher.n_jobs=2",)


def heeding() -> None:
    """What ignores signals hands that down: so a test under nohup would."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def start(project: Path, *words: str) -> subprocess.Popen[str]:
    """A sweep in a session of its own, when its first rounds are on disk."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    shell = subprocess.Popen(
        [sys.executable, "-m", "sciner", *words],
        cwd=project,
        text=True,
        start_new_session=True,
        preexec_fn=heeding,
        **pipes,
    )
    while not list(project.glob("sweep/0/round_2")):
        assert shell.poll() is None, shell.communicate()
        time.sleep(0.02)
    return shell


def statuses(project: Path) -> Counter[str]:
    from mlflow import MlflowClient

    client = MlflowClient(local_uri(project))
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return Counter(run.info.status for run in runs)


def living(session: int) -> list[int]:
    """The processes of a session."""
    stats = (place / "stat" for place in Path("/proc").glob("[0-9]*"))
    fields = [file.read_text().rpartition(")")[2].split() for file in stats if file.exists()]
    return [int(f[3]) for f in fields if int(f[3]) == session and f[0] != "Z"]


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("launcher", [(), SIDE_BY_SIDE])
def test_a_signal_closes_what_is_open_and_says_how_to_go_on(
    signum: int, code: int, launcher: tuple[str, ...], project: Path
) -> None:
    shell = start(project, *SWEEP, *launcher)
    # a terminal sends Ctrl-C to all
    (os.killpg if signum == signal.SIGINT else os.kill)(shell.pid, signum)
    out, err = shell.communicate(timeout=60)
    assert shell.returncode == code, out + err
    assert (
        err.count("to continue: sciner run -m model=gazetteer") == 1
        and "Traceback" not in out + err
    )
    assert statuses(project).keys() <= {"KILLED", "FINISHED"} and statuses(project)["KILLED"] >= 1
    assert list((project / ".sciner/store/tmp").iterdir()) == []
    assert not list(project.glob("sweep/3/rounds.jsonl"))
    assert living(shell.pid) == []
    assert "4 of 4 jobs done" in sciner(*SWEEP, cwd=project)


def test_jobs_side_by_side_do_not_outlive_their_parent(project: Path) -> None:
    shell = start(project, *SWEEP, *SIDE_BY_SIDE)
    shell.kill()
    until = time.monotonic() + 30
    while living(shell.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert living(shell.pid) == []
    shell.communicate()
    assert statuses(project).keys() <= {"KILLED", "FINISHED"}
    assert not list(project.glob("sweep/3/rounds.jsonl"))


def test_five_kills_of_a_sweep_end_in_one_finished_run_a_point(project: Path) -> None:
    """Killed when another job has just begun its rounds; between them the sweep goes on a
    little."""
    words = (*WORDS, "seed=0,1,2,3", "iteration.rounds=3")
    for place in ("0/*/round_1", "1/*/round_0", "1/*/round_2", "2/*/round_1", "3/*/round_0"):
        job, _, rest = place.partition("/*/")
        shell = subprocess.Popen(
            [sys.executable, "-m", "sciner", *words],
            cwd=project,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        before = set(project.glob(f"multirun/*/*/{job}/{rest}"))
        while set(project.glob(f"multirun/*/*/{job}/{rest}")) == before:
            assert shell.poll() is None
            time.sleep(0.02)
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
        assert statuses(project)["RUNNING"] <= 1
    assert "4 of 4 jobs done" in sciner(*words, cwd=project)
    assert statuses(project) == {"FINISHED": 4}
    sciner(*words, cwd=project)
    assert statuses(project) == {"FINISHED": 8}


def test_a_database_survives_every_kill_while_it_is_made(tmp_path: Path) -> None:
    from sciner.tracking.mlflow import prepare

    uri = local_uri(tmp_path)
    make = f"from sciner.tracking.mlflow import prepare; prepare({uri!r}, 'sciner')"
    half, whole = tmp_path / ".mlflow.db.new", tmp_path / "mlflow.db"
    for size in (0, 1, 50_000, 200_000, 400_000, None):  # None: when it has its name
        maker = subprocess.Popen([sys.executable, "-c", make])
        while not (
            whole.exists() if size is None else half.exists() and half.stat().st_size >= size
        ):
            if maker.poll() is not None:
                break
            time.sleep(0.002)
        maker.kill()
        maker.wait()
        assert size is None or not whole.exists()
    assert prepare(uri, "sciner") == prepare(uri, "sciner")


def test_annotating_a_folder_goes_on_after_ctrl_c(project: Path) -> None:
    """What is there is complete, and in the end everything is as if nothing had happened."""
    sciner(*WORDS[:1], *WORDS[2:], "save_model=true", "hydra.run.dir=run", cwd=project)
    (project / "in").mkdir()
    for i in range(300):
        (project / f"in/{i:03}.txt").write_text("We fine-tune BERT on SciERC. It wins.\n" * 100)
    annotate = ("annotate", "run/model", "in")
    shell = subprocess.Popen(
        [sys.executable, "-m", "sciner", *annotate, "out"],
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heeding,
    )
    while not list(project.glob("out/???.jsonl")):
        assert shell.poll() is None, shell.communicate()
        time.sleep(0.01)
    shell.send_signal(signal.SIGINT)
    out, err = shell.communicate(timeout=60)
    assert (shell.returncode, out) == (130, "")
    assert err == "sciner: stopped by Ctrl-C; the same command continues\n"
    done = {file.name: file.read_bytes() for file in project.glob("out/???.jsonl")}
    assert 0 < len(done) < 300 and {file.name for file in project.glob("out/.*")} == {".manifest"}
    assert f"skipped: {len(done)}" in sciner(*annotate, "out", cwd=project)
    sciner(*annotate, "again", cwd=project)
    again = {file.name: file.read_bytes() for file in project.glob("again/???.jsonl")}
    assert {f.name: f.read_bytes() for f in project.glob("out/???.jsonl")} == again
    assert done.items() <= again.items() and len(again) == 300
