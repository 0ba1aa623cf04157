"""Jobs side by side, each in a process of its own: one that is killed costs its own point."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import cloudpickle

from sciner.launch.display import Display
from sciner.launch.order import launch_order, next_point
from sciner.launch.signals import SIGNALS
from sciner.launch.worker import OUTPUT, Task, work

TRIES = 2  # of a job whose process is killed
STOPPED = tuple(128 + s for s in SIGNALS)  # exit codes of jobs that obeyed a signal
PATIENCE = 5.0  # seconds in which processes may end by themselves when all is to end


@dataclass
class Running:
    """A job that is being computed. tries: this one counted."""

    index: int
    process: BaseProcess
    words: Connection
    tries: int
    began: float = field(default_factory=time.monotonic)


def run_side_by_side(
    tasks: Sequence[Task],
    fits: Sequence[str],
    at_once: int,
    modules: Iterable[str],
    display: Display,
    on_death: Callable[[Task, str], None],
) -> None:
    """Run all ``tasks``, ``at_once`` at a time. A killed one is started once more.

    fits: of each, what its first fit depends on (``order.first_fits``). modules: imported once, for
    all. on_death: is told of a job that could not say how it ended, and why.
    """
    context = started(modules)
    waiting, running = launch_order(fits), dict[int, Running]()
    tries, ended = dict.fromkeys(waiting, 0), set[str]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                begun = {fits[i] for i in running} - ended
                index = next_point(waiting, fits, begun)
                waiting.remove(index)
                tries[index] += 1
                running[index] = begin(context, tasks[index], index, tries[index])
                display.begins(index)
            wait(
                [r.process.sentinel for r in running.values()] + [r.words for r in running.values()]
            )
            for job in list(running.values()):
                for told in heard(job):
                    display.moves(job.index, *told)
                if job.process.exitcode is None:
                    continue
                del running[job.index]
                if (killer := killed_by(job.process)) and job.tries < TRIES:
                    display.dies(job.index, f"{killer}; it is started again")
                    waiting.insert(0, job.index)
                    continue
                if why := f"{killer}, twice" if killer else fault_of(job.process):
                    on_death(tasks[job.index], why)
                ended.add(fits[job.index])
                display.ends(job.index, time.monotonic() - job.began, why)
    finally:
        end(running.values())


def started(modules: Iterable[str]) -> multiprocessing.context.BaseContext:
    """Where processes come from: a server that has imported ``modules`` and computed nothing, so
    that they need not import them again; a new interpreter where there is no such server."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


def begin(
    context: multiprocessing.context.BaseContext, task: Task, index: int, tries: int
) -> Running:
    """Start a process. cloudpickle: Hydra's state holds functions that pickle cannot name."""
    ours, theirs = context.Pipe(duplex=False)
    told = cloudpickle.dumps(task)
    process = context.Process(target=work, args=(told, theirs), name=f"job {task.number}")  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return Running(index, process, ours, tries)


def heard(job: Running) -> list[tuple[str, int, int]]:
    """What a job has said since."""
    told: list[tuple[str, int, int]] = []
    try:
        while job.words.poll():
            told.append(job.words.recv())
    except (EOFError, OSError):  # it has ended, perhaps within a word
        job.process.join()
    return told


def killed_by(process: BaseProcess) -> str:
    """The signal that killed a process which could not obey it; empty where none did."""
    code = process.exitcode or 0
    if code >= 0:
        return ""
    name = signal.Signals(-code).name
    memory = " (the system does so where memory runs out)" if name == "SIGKILL" else ""
    return f"killed by {name}{memory}"


def fault_of(process: BaseProcess) -> str:
    """Why a process ended before its job could say how it went; empty where the job did."""
    code = process.exitcode or 0
    return "" if code in (0, *STOPPED) else f"its process ended with {code}: see {OUTPUT}"


def end(running: Iterable[Running]) -> None:
    """Let every process end, and kill what does not."""
    left = list(running)
    for job in left:
        job.process.terminate()
    until = time.monotonic() + PATIENCE
    for job in left:
        job.process.join(max(0.0, until - time.monotonic()))
        if job.process.exitcode is None:
            job.process.kill()
            job.process.join()
