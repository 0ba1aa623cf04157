"""A signal is raised once, where the main thread is, and reaches jobs in other processes first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sciner.launch import signals
from sciner.launch.signals import (
    JOBS,
    PARENT,
    SIGNALS,
    STOP,
    Stopped,
    jobs_end_with_parent,
    obeyed_in_job,
    raised,
)


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (PARENT, JOBS):  # jobs_end_with_parent sets them
        monkeypatch.setenv(name, "")
    before = {s: signal.getsignal(s) for s in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore some
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, signal.SIG_DFL)
    yield
    for s, handler in before.items():
        signal.signal(s, handler)


@pytest.mark.parametrize(
    ("signum", "code", "name"), [(2, 130, "Ctrl-C"), (15, 143, "SIGTERM"), (1, 129, "SIGHUP")]
)
def test_a_signal_is_raised_once_and_the_handlers_of_before_come_back(
    signum: int, code: int, name: str
) -> None:
    before = [signal.getsignal(s) for s in SIGNALS]
    with pytest.raises(Stopped) as caught, raised():
        try:
            os.kill(os.getpid(), signum)
        finally:
            os.kill(os.getpid(), signum)  # what closes things is not interrupted
    assert (caught.value.code, str(caught.value)) == (code, name)
    assert [signal.getsignal(s) for s in SIGNALS] == before


def test_another_ctrl_c_interrupts_the_closing_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "ONCE", -1)
    with pytest.raises(KeyboardInterrupt), raised():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with raised():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, kept)


def test_jobs_in_other_processes_hear_of_it_first_and_no_job_begins(tmp_path: Path) -> None:
    folder = tmp_path.as_posix()
    job = f"""
import os, pathlib, sys, time
from sciner.launch.signals import Stopped, obeyed_in_job
try:
    with obeyed_in_job():
        pathlib.Path("{folder}/begun").touch()
        time.sleep(60)
except Stopped as stop:
    pathlib.Path("{folder}/ended").write_text(str(stop))
"""
    with pytest.raises(Stopped), jobs_end_with_parent(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", job])
        while not (tmp_path / "begun").exists():
            assert child.poll() is None
        os.kill(os.getpid(), signal.SIGTERM)
    child.wait()
    assert (tmp_path / "ended").read_text() == "SIGTERM" and (tmp_path / STOP).exists()
    (tmp_path / "begun").unlink()
    assert subprocess.run([sys.executable, "-c", job]).returncode == 0
    assert not (tmp_path / "begun").exists()


def test_a_job_in_the_process_of_its_parent_leaves_signals_to_that(tmp_path: Path) -> None:
    with raised():
        before = signal.getsignal(signal.SIGTERM)
        os.environ[PARENT] = str(os.getpid())
        with obeyed_in_job():
            assert signal.getsignal(signal.SIGTERM) is before


class Interrupted:
    """An object in whose destructor a signal arrives."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass


def test_a_signal_that_arrives_in_a_destructor_is_not_lost() -> None:
    """Python only reports what is raised there."""
    with pytest.raises(Stopped), raised():
        one = Interrupted()
        del one
        time.sleep(2)
