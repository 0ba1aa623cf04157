"""Processes that run the jobs of a sweep, seen from their parent."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.process import BaseProcess

import cloudpickle
import pytest
from hydra.core.singleton import Singleton

from sciner import progress
from sciner.launch import worker
from sciner.launch.pool import Worker
from sciner.launch.worker import Launch, Task


class Ended(BaseProcess):
    """A process that a signal has killed."""

    def __init__(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...


def test_a_worker_tells_its_progress_and_then_the_end_of_its_job() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = Worker(Ended(), ours)
    process.begin(Task(3, ["seed=3"]))
    assert theirs.recv() == Task(3, ["seed=3"])
    theirs.send(("fit", 1, 2))
    assert process.heard() == ([("fit", 1, 2)], False)
    theirs.send(("fit", 2, 2))
    theirs.send(None)
    assert process.heard() == ([("fit", 2, 2)], True)
    assert process.heard() == ([], False)


def test_a_killed_worker_has_not_ended_its_job() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = Worker(Ended(), ours)
    theirs.close()
    process.begin(Task(0, []))
    assert process.heard() == ([], False)


class Parent:
    """The connection to a parent that has some tasks; it records what it is told."""

    def __init__(self, tasks: int) -> None:
        self.tasks, self.told = [Task(n, []) for n in range(tasks)], list[object]()

    def recv(self) -> Task:
        if not self.tasks:
            raise EOFError
        return self.tasks.pop(0)

    def send(self, message: object) -> None:
        self.told.append(message)


@pytest.mark.parametrize(("codes", "ended"), [([0, 2, 4], 3), ([0, 1, 0], 1)])
def test_a_worker_runs_jobs_until_the_last_or_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, codes: list[int], ended: int
) -> None:
    monkeypatch.setattr(progress, "listener", None)
    monkeypatch.setattr(worker, "run", lambda task, hydra: codes[task.number])
    parent = Parent(len(codes))
    launch = Launch({}, Singleton.get_state(), dict(os.environ), ".")
    worker.work(cloudpickle.dumps(launch), parent)  # type: ignore[arg-type]
    assert parent.told == [None] * ended
