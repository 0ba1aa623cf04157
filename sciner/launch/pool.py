"""Jobs in parallel processes: a killed process costs only its own point."""

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

TRIES = 2  # for a job whose process is killed
STOPPED = tuple(128 + s for s in SIGNALS)  # exit codes of jobs that ended because of a signal
PATIENCE = 5.0  # seconds for processes to end by themselves


@dataclass
class Running:
    """A job that is being computed.

    Attributes:
        index: of the job.
        process: its process.
        words: receives its progress.
        tries: including this one.
        began: when it was started.
    """

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
    """Run all tasks; a killed one is started once more.

    Args:
        tasks: the jobs.
        fits: what the first fit of each depends on (``order.first_fits``).
        at_once: how many run at the same time.
        modules: imported once, for all.
        display: shows the progress.
        on_death: is called with a job that could not report how it ended, and the reason.
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
    """How processes are started: from a server that has imported ``modules``, if possible.

    Otherwise each is a new interpreter.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


def begin(
    context: multiprocessing.context.BaseContext, task: Task, index: int, tries: int
) -> Running:
    """Start a process; cloudpickle is needed because of functions in Hydra's state."""
    ours, theirs = context.Pipe(duplex=False)
    told = cloudpickle.dumps(task)
    process = context.Process(target=work, args=(told, theirs), name=f"job {task.number}")  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return Running(index, process, ours, tries)


def heard(job: Running) -> list[tuple[str, int, int]]:
    """What a job has reported since the last call."""
    told: list[tuple[str, int, int]] = []
    try:
        while job.words.poll():
            told.append(job.words.recv())
    except (EOFError, OSError):  # it has ended, possibly within a message
        job.process.join()
    return told


def killed_by(process: BaseProcess) -> str:
    """The signal that killed a process; empty if none did."""
    code = process.exitcode or 0
    if code >= 0:
        return ""
    name = signal.Signals(-code).name
    memory = " (probably because memory ran out)" if name == "SIGKILL" else ""
    return f"killed by {name}{memory}"


def fault_of(process: BaseProcess) -> str:
    """Why a process ended before its job could report an outcome; empty if the job did."""
    code = process.exitcode or 0
    return "" if code in (0, *STOPPED) else f"its process ended with exit code {code}: see {OUTPUT}"


def end(running: Iterable[Running]) -> None:
    """Let all processes end, and kill those that do not."""
    left = list(running)
    for job in left:
        job.process.terminate()
    until = time.monotonic() + PATIENCE
    for job in left:
        job.process.join(max(0.0, until - time.monotonic()))
        if job.process.exitcode is None:
            job.process.kill()
            job.process.join()
