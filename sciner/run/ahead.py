"""Text that is read and checked in threads, while its first sentences are annotated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice, takewhile
from pathlib import Path
from threading import Event
from typing import TypeVar

import numpy as np

from sciner.errors import InputError
from sciner.text.formats.running import Placed

T = TypeVar("T")
Text = Callable[[], Iterator[tuple[Path, Placed]]]  # files' sentences, anew at every call


@contextmanager
def read_ahead(text: Text, size: int) -> Iterator[tuple[Iterator[list[Placed]], Future[int]]]:
    """Yields the sentences in blocks of ``size``, the next one read while somebody works on the
    last, and what ``check`` will say of all of them. Of a text of less than one block it has said
    it.

    Raises InputError where the first block cannot be read, and for a fault in a text of less than
    one block.
    """
    ended = Event()

    def until_the_end() -> Iterator[tuple[Path, Placed]]:
        return takewhile(lambda _: not ended.is_set(), text())

    with ThreadPoolExecutor(2, "read") as pool:
        try:
            checked = pool.submit(check, until_the_end)
            sentences = (placed for _, placed in until_the_end())
            first = list(islice(sentences, size))
            if len(first) < size:
                checked.result()
            yield blocks(first, sentences, size, pool), checked
        finally:
            ended.set()


def blocks(first: list[T], rest: Iterator[T], size: int, pool: Executor) -> Iterator[list[T]]:
    """``first``, and ``rest`` in blocks, each read by a thread of ``pool`` beforehand."""
    block = first
    while block:
        ahead = pool.submit(lambda: list(islice(rest, size)))
        yield block
        block = ahead.result()


def check(text: Text) -> int:
    """The number of sentences, once all were read. Raises InputError for what cannot be, and for an
    id that stands twice."""
    hashes = np.sort(np.fromiter((hash(placed.sentence.id) for _, placed in text()), np.int64))
    suspects = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    origin: dict[str, Path] = {}
    for file, (sentence, _) in text() if suspects else ():
        if hash(sentence.id) in suspects:
            if sentence.id in origin:
                problem = f"sentence id {sentence.id!r} stands in {origin[sentence.id]} too"
                raise InputError(
                    problem,
                    file=file,
                    hint="ids must be unique; list a file once, and give each its own name",
                )
            origin[sentence.id] = file
    return len(hashes)
