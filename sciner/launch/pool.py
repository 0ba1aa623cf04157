"""Jobs in parallel processes: a killed process costs only its own point."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import cloudpickle

from sciner.launch.display import Display
from sciner.launch.order import launch_order, next_point
from sciner.launch.signals import SIGNALS, forget_job
from sciner.launch.worker import OUTPUT, Launch, Task, work

TRIES = 2  # for a job whose process is killed
STOPPED = tuple(128 + s for s in SIGNALS)  # exit codes of jobs that ended because of a signal
PATIENCE = 5.0  # seconds for processes to end by themselves
SHORT = 20.0  # seconds; after a longer job the process is replaced, which returns its memory


@dataclass
class Worker:
    """A process that runs one job at a time.

    Attributes:
        process: itself.
        pipe: sends jobs to it and receives their progress.
        began: when its job was started.
    """

    process: BaseProcess
    pipe: Connection
    began: float = 0.0

    @property
    def seconds(self) -> float:
        """Since its job was started."""
        return time.monotonic() - self.began

    def begin(self, task: Task) -> None:
        """Send it a job."""
        self.began = time.monotonic()
        with suppress(OSError):  # it was killed, which its exit code tells
            self.pipe.send(task)

    def heard(self) -> tuple[list[tuple[str, int, int]], bool]:
        """What its job has reported since the last call, and whether the job has ended."""
        told: list[tuple[str, int, int]] = []
        try:
            while self.pipe.poll():
                if (message := self.pipe.recv()) is None:
                    return told, True
                told.append(message)
        except (EOFError, OSError):  # it has ended, possibly within a message
            self.process.join()
        return told, False


def run_side_by_side(
    tasks: Sequence[Task],
    launch: Launch,
    fits: Sequence[str],
    at_once: int,
    modules: Iterable[str],
    display: Display,
    on_death: Callable[[Task, str], None],
) -> None:
    """Run all tasks; a killed one is started once more.

    Args:
        tasks: the jobs.
        launch: what they share.
        fits: what the first fit of each depends on (``order.first_fits``).
        at_once: how many run at the same time.
        modules: imported once, for all.
        display: shows the progress.
        on_death: is called with a job that could not report how it ended, and the reason.
    """
    # cloudpickle is needed because of functions in Hydra's state
    context, shared = started(modules), cloudpickle.dumps(launch)
    waiting, running, free = launch_order(fits), dict[int, Worker](), list[Worker]()
    tries, ended = dict.fromkeys(waiting, 0), set[str]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                begun = {fits[i] for i in running} - ended
                index = next_point(waiting, fits, begun)
                waiting.remove(index)
                tries[index] += 1
                free = [worker for worker in free if worker.process.is_alive()]
                running[index] = free.pop() if free else new_worker(context, shared)
                running[index].begin(tasks[index])
                display.begins(index)
            wait(
                [w.process.sentinel for w in running.values()] + [w.pipe for w in running.values()]
            )
            for index, worker in list(running.items()):
                told, done = worker.heard()
                for progress in told:
                    display.moves(index, *progress)
                if not done and worker.process.exitcode is None:
                    continue
                del running[index]
                if not done:
                    forget_job(worker.process.pid)
                killer = "" if done else killed_by(worker.process)
                if killer and tries[index] < TRIES:
                    display.dies(index, f"{killer}; it is started again")
                    waiting.insert(0, index)
                    continue
                why = "" if done else f"{killer}, twice" if killer else fault_of(worker.process)
                if why:
                    on_death(tasks[index], why)
                ended.add(fits[index])
                display.ends(index, worker.seconds, why)
                if done and worker.seconds < SHORT:
                    free.append(worker)
                else:
                    worker.pipe.close()
    finally:
        end([*running.values(), *free])


def started(modules: Iterable[str]) -> multiprocessing.context.BaseContext:
    """How processes are started: from a server that has imported ``modules``, if possible.

    Otherwise each is a new interpreter.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


def new_worker(context: multiprocessing.context.BaseContext, launch: bytes) -> Worker:
    """Start a process that waits for its first job.

    Args:
        context: how it is started.
        launch: a pickled ``Launch``.
    """
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(launch, theirs))  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return Worker(process, ours)


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


def end(workers: Sequence[Worker]) -> None:
    """Let all processes end, and kill those that do not."""
    for worker in workers:
        worker.process.terminate()
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
