"""Reading and checking text in threads while its first sentences are annotated."""

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
InFile = tuple[Path, Placed]  # a sentence and its file
Text = Callable[[], Iterator[InFile]]  # sentences, from the start at every call


@contextmanager
def read_ahead(text: Text, size: int) -> Iterator[tuple[Iterator[list[InFile]], Future[int]]]:
    """Yield the sentences in blocks, and the future result of ``check`` over all of them.

    The next block is read while the caller works on the last one. If the text has less than one
    block, the check is already done.

    Args:
        text: yields the sentences with their files, from the start at every call.
        size: of a block, in sentences.

    Raises:
        InputError: the first block cannot be read, or a text of less than one block has an error.
    """
    ended = Event()

    def until_the_end() -> Iterator[InFile]:
        return takewhile(lambda _: not ended.is_set(), text())

    with ThreadPoolExecutor(2, "read") as pool:
        try:
            checked = pool.submit(check, until_the_end)
            sentences = until_the_end()
            first = list(islice(sentences, size))
            if len(first) < size:
                checked.result()
            yield blocks(first, sentences, size, pool), checked
        finally:
            ended.set()


def blocks(first: list[T], rest: Iterator[T], size: int, pool: Executor) -> Iterator[list[T]]:
    """Yield ``first``, and ``rest`` in blocks, each read by a thread of ``pool`` beforehand."""
    block = first
    while block:
        ahead = pool.submit(lambda: list(islice(rest, size)))
        yield block
        block = ahead.result()


def check(text: Text) -> int:
    """Read all sentences and return their number.

    Raises:
        InputError: a file cannot be read, or an id occurs twice.
    """
    hashes = np.sort(np.fromiter((hash(placed.sentence.id) for _, placed in text()), np.int64))
    suspects = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    origin: dict[str, Path] = {}
    for file, placed in text() if suspects else ():
        sentence = placed.sentence
        if hash(sentence.id) in suspects:
            if sentence.id in origin:
                problem = f"sentence id {sentence.id!r} is in {origin[sentence.id]} too"
                raise InputError(
                    problem,
                    file=file,
                    hint="ids must be unique: list each file once, and give files different names",
                )
            origin[sentence.id] = file
    return len(hashes)
