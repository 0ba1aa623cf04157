"""The progress of all jobs of a sweep: live lines in a terminal, one line per event elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

WIDTH = 80  # columns of a job's name


class Display:
    """Shows the progress of jobs.

    Args:
        names: of the jobs.
        at_once: how many run at the same time.
        console: to print to.
    """

    def __init__(self, names: Sequence[str], at_once: int, console: Console) -> None:
        self.names, self.at_once, self.console = names, at_once, console
        self.began, self.done = time.monotonic(), 0
        self.lines: dict[int, TaskID] = {}
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[doing]}", markup=False),
            TimeElapsedColumn(),
        )
        self.live = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )

    def __enter__(self) -> Display:
        self.live.start()
        self.whole = self.live.add_task("sweep", total=len(self.names), doing="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.stop()

    def begins(self, job: int) -> None:
        """Show that a job starts."""
        self.lines[job] = self.live.add_task(self.title(job), total=None, doing="starts")
        if not self.console.is_terminal:
            self.say(f"{self.title(job)} starts")

    def moves(self, job: int, doing: str, done: int, total: int) -> None:
        """Show how much of its current work a job has done."""
        if job in self.lines:
            self.live.update(self.lines[job], doing=doing, completed=done, total=total)

    def dies(self, job: int, why: str) -> None:
        """Show that a job's process was killed."""
        self.live.remove_task(self.lines.pop(job))
        self.say(f"{self.title(job)}: {why}", style="yellow")

    def ends(self, job: int, seconds: float, why: str) -> None:
        """Show that a job has ended.

        Args:
            job: its index.
            seconds: since it started.
            why: it was killed; empty if it was not.
        """
        self.live.remove_task(self.lines.pop(job))
        self.done += 1
        self.live.update(self.whole, completed=self.done, doing=self.pace())
        ended = why or f"ended after {seconds:.0f} s"
        self.say(f"{self.title(job)} {ended}; {self.pace()}")

    def pace(self) -> str:
        """How many jobs have ended, and how long the others may take."""
        ended = f"{self.done} of {len(self.names)} ended"
        left = (len(self.names) - self.done) * (time.monotonic() - self.began) / max(1, self.done)
        return f"{ended}, about {left / 60:.0f} min left" if left > 60 else ended

    def title(self, job: int) -> str:
        """A job's number and its shortened name."""
        name = self.names[job]
        short = name if len(name) <= WIDTH else f"{name[: WIDTH - 1]}…"
        return f"job {job + 1} of {len(self.names)}: {short}"

    def say(self, words: str, style: str | None = None) -> None:
        """Print a line above the live display."""
        self.live.console.print(words, style=style, markup=False, highlight=False, soft_wrap=True)


def short_names(jobs: Sequence[Sequence[str]]) -> list[str]:
    """Name each job by the overrides that not all jobs share, without their groups."""
    common = {w for w, n in Counter(w for job in jobs for w in set(job)).items() if n == len(jobs)}
    told = [" ".join(without_group(w) for w in job if w not in common) for job in jobs]
    return [name or " ".join(job) for name, job in zip(told, jobs, strict=True)]


def without_group(word: str) -> str:
    """``steps=300`` for ``iteration.steps=300``."""
    key, equals, value = word.partition("=")
    return f"{key.rpartition('.')[2]}{equals}{value}"
