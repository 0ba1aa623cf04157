"""Ordered shutdown after Ctrl-C, SIGTERM or a closed terminal.

Everything open is closed, and one line says how to continue.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from sciner.shield import interrupt

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ONCE = 1.0  # seconds in which signals count as one, because timeout(1) sends its signal twice
PATIENCE = 10.0  # seconds for jobs in other processes to shut down
RETRY = 0.05  # seconds after which a signal that was lost is sent again
WATCH = 1.0  # seconds between two checks that the parent is alive
PARENT = "SCINER_PARENT"  # the process id of `sciner run`
JOBS = "SCINER_JOBS"  # a folder: a file <process id>.job for each job in another process, and STOP
STOP = "stop"  # if this file exists, no job may start


class Stopped(BaseException):
    """A signal asked the run to end.

    It is not a KeyboardInterrupt, which Lightning handles itself, and not an Exception, which would
    be an error.
    """

    @property
    def signum(self) -> int:
        """The number of the signal."""
        return int(self.args[0])

    @property
    def code(self) -> int:
        """The exit code that shells expect: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.signum

    def __str__(self) -> str:
        return "Ctrl-C" if self.signum == signal.SIGINT else signal.Signals(self.signum).name


@contextmanager
def raised(
    before: Callable[[], None] = lambda: None, signals: Sequence[signal.Signals] = SIGNALS
) -> Iterator[None]:
    """Raise Stopped in the main thread when a signal arrives.

    Later signals change nothing, except a second Ctrl-C, which interrupts the shutdown. A signal
    that is ignored (nohup) stays ignored.

    Args:
        before: is called before Stopped is raised.
        signals: those that raise it.
    """
    first: list[float] = []

    def answer(signum: int, frame: FrameType | None) -> None:
        if not first:
            first.append(time.monotonic())
            before()
            interrupt(Stopped(signum))
            return
        if signum == signal.SIGINT and time.monotonic() - first[0] > ONCE:
            raise KeyboardInterrupt

    # Python handles signals only in the main thread
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def again(lost: sys.UnraisableHookArgs) -> None:
        """Python drops what is raised in a destructor; so it is raised once more."""
        if isinstance(lost.exc_value, Stopped):
            first.clear()
            # later, because what is raised in here is dropped too
            threading.Timer(RETRY, os.kill, (os.getpid(), lost.exc_value.signum)).start()
        else:
            unraisable(lost)

    unraisable, sys.unraisablehook = sys.unraisablehook, again
    known = {s: signal.getsignal(s) for s in signals}
    answered = [s for s, handler in known.items() if handler not in (signal.SIG_IGN, None)]
    for s in answered:
        signal.signal(s, answer)
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        for s in answered:
            signal.signal(s, known[s])


@contextmanager
def jobs_end_with_parent(folder: Path) -> Iterator[None]:
    """Make a signal end the jobs in other processes first, then this one; for `sciner run`.

    Args:
        folder: an empty one, where parent and jobs find each other.
    """
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
    """Make a job end when its parent ends, however that happens, if it is in another process."""
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
        if orphaned():  # nothing waits for this process any more
            os._exit(128 + signal.SIGTERM)
        raise
    finally:
        ended.set()
        mark.unlink(missing_ok=True)


def forget_job(pid: int | None) -> None:
    """Remove what a job that was killed could not: its process id may be another's now."""
    (Path(os.environ.get(JOBS, "")) / f"{pid}.job").unlink(missing_ok=True)


def orphaned() -> bool:
    """Whether the process that started this one has died; it need not be the one that forked it."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
