"""Ctrl-C, SIGTERM and a terminal that closes end a run in order: what is open is closed, and one
line says how to go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from sciner.shield import interrupt

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ONCE = 1.0  # seconds in which signals count as one: timeout(1) sends its own twice
PATIENCE = 10.0  # seconds that jobs in other processes get to end in order
WATCH = 1.0  # seconds between two looks at whether the parent still lives
PARENT = "SCINER_PARENT"  # the process id of `sciner run`
JOBS = "SCINER_JOBS"  # a folder: a file <process id>.job for each job in another process, and STOP
STOP = "stop"  # its presence says that no job may begin


class Stopped(BaseException):
    """A signal asked the run to end. No KeyboardInterrupt, of which Lightning makes an exit of its
    own, and no Exception, which would be a fault."""

    @property
    def signum(self) -> int:
        return int(self.args[0])

    @property
    def code(self) -> int:
        """The exit code by the shells' convention: 130 for Ctrl-C, 143 for SIGTERM, 129 for a
        terminal that closed."""
        return 128 + self.signum

    def __str__(self) -> str:
        return "Ctrl-C" if self.signum == signal.SIGINT else signal.Signals(self.signum).name


@contextmanager
def raised(
    before: Callable[[], None] = lambda: None, signals: Sequence[signal.Signals] = SIGNALS
) -> Iterator[None]:
    """Raise Stopped where the main thread is, once, when a signal comes, after ``before()``. Later
    ones change nothing, but for another Ctrl-C: that interrupts the closing, too. A signal that is
    ignored (nohup) stays so."""
    first: list[float] = []

    def answer(signum: int, frame: FrameType | None) -> None:
        if not first:
            first.append(time.monotonic())
            before()
            interrupt(Stopped(signum))
            return
        if signum == signal.SIGINT and time.monotonic() - first[0] > ONCE:
            raise KeyboardInterrupt

    # where Python lets nobody handle signals
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = {s: signal.getsignal(s) for s in signals}
    answered = [s for s, handler in known.items() if handler not in (signal.SIG_IGN, None)]
    for s in answered:
        signal.signal(s, answer)
    try:
        yield
    finally:
        for s in answered:
            signal.signal(s, known[s])


@contextmanager
def jobs_end_with_parent(folder: Path) -> Iterator[None]:
    """For `sciner run`: a signal reaches the jobs in other processes first, and is raised here when
    they have ended. folder: an empty one, by which they know each other."""
    os.environ |= {PARENT: str(os.getpid()), JOBS: str(folder)}

    def end_jobs() -> None:
        (folder / STOP).touch()
        until = time.monotonic() + PATIENCE
        asked: set[str] = set()
        while (
            running := {file.stem for file in folder.glob("*.job")}
        ) and time.monotonic() < until:
            for pid in running - asked:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
            asked |= running
            time.sleep(0.05)

    with raised(end_jobs):
        yield


@contextmanager
def obeyed_in_job() -> Iterator[None]:
    """For a job: end with its parent, whatever ends that, if the launcher put it into another
    process."""
    folder = Path(os.environ.get(JOBS, ""))
    # on another machine the parent's folder is not there
    if os.environ.get(PARENT) in (None, "", str(os.getpid())) or not folder.is_dir():
        yield
        return
    mark = folder / f"{os.getpid()}.job"
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(WATCH):
            if orphaned():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    try:
        with raised():
            if orphaned() or (folder / STOP).exists():
                raise Stopped(signal.SIGTERM)
            mark.touch()
            threading.Thread(target=watch, daemon=True).start()
            yield
    except Stopped:
        if orphaned():  # nobody waits for what this process would do next
            os._exit(128 + signal.SIGTERM)
        raise
    finally:
        ended.set()
        mark.unlink(missing_ok=True)


def orphaned() -> bool:
    """Has the process that wanted this one died? It need not be the one that forked it."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
