"""Processes that run the jobs of a sweep, seen from their parent."""

from __future__ import annotations

import multiprocessing
from multiprocessing.process import BaseProcess

from sciner.launch.pool import Worker
from sciner.launch.worker import Task


class Ended(BaseProcess):
    """A process that a signal has killed."""

    def __init__(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...


def test_a_worker_tells_its_progress_and_then_the_end_of_its_job() -> None:
    ours, theirs = multiprocessing.Pipe()
    worker = Worker(Ended(), ours)
    worker.begin(Task(3, ["seed=3"]))
    assert theirs.recv() == Task(3, ["seed=3"])
    theirs.send(("fit", 1, 2))
    assert worker.heard() == ([("fit", 1, 2)], False)
    theirs.send(("fit", 2, 2))
    theirs.send(None)
    assert worker.heard() == ([("fit", 2, 2)], True)
    assert worker.heard() == ([], False)


def test_a_killed_worker_has_not_ended_its_job() -> None:
    ours, theirs = multiprocessing.Pipe()
    worker = Worker(Ended(), ours)
    theirs.close()
    worker.begin(Task(0, []))
    assert worker.heard() == ([], False)
