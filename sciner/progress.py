"""A progress bar in a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

QUIET = "SCINER_QUIET"  # set in the environment of a run that shows no progress and no tables
Advance = Callable[[int], None]
Listener = Callable[[str, int, int], None]
Total = int | Callable[[], int | None]  # the latter: asked again, until it is known
Description = str | Callable[[], str]  # the latter: asked again at every step
# is told (description, done, total) in the place of a bar, where another process draws it
listener: Listener | None = None
# of the bar around several passes
shared: ContextVar[Advance | None] = ContextVar("shared", default=None)


def is_quiet() -> bool:
    """Whether this process, or the one that started it, was told ``sciner run --quiet``."""
    return bool(os.environ.get(QUIET))


@contextmanager
def quiet(wanted: bool) -> Iterator[None]:
    """No progress and no tables inside, in this process and those that it starts."""
    before = os.environ.get(QUIET)
    if wanted:
        os.environ[QUIET] = "1"
    try:
        yield
    finally:
        if wanted:
            os.environ.pop(QUIET) if before is None else os.environ.update({QUIET: before})


@contextmanager
def whole(description: Description, total: Total) -> Iterator[None]:
    """One bar for several passes: bars inside draw nothing and advance this one."""
    with bar(description, total) as advance:
        before = shared.set(advance)
        try:
            yield
        finally:
            shared.reset(before)


@contextmanager
def bar(description: Description, total: Total) -> Iterator[Advance]:
    """Yields ``advance(n)``. Draws on standard error, and only if that is a terminal."""
    if around := shared.get():
        yield around
        return
    if tell := listener:
        yield counting(worded(description), total, tell)
        return
    if is_quiet() or not sys.stderr.isatty():
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(worded(description), total=now(total))
        if callable(description):
            yield lambda n: progress.update(
                task, advance=n, total=now(total), description=worded(description)
            )
        elif callable(total):
            yield lambda n: progress.update(task, advance=n, total=now(total))
        else:
            yield lambda n: progress.advance(task, n)


def now(total: Total) -> int | None:
    """The total, as far as it is known."""
    return total() if callable(total) else total


def worded(description: Description) -> str:
    """The description as it is at the moment."""
    return description() if callable(description) else description


def counting(description: str, total: Total, tell: Listener) -> Advance:
    """An ``advance`` that tells how far it is; of a total that is not known, what is done."""
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        tell(description, done, now(total) or done)

    tell(description, 0, now(total) or 0)
    return advance
