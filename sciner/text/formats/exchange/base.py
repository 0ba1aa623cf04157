"""A format of annotation tools: how it is read and written, and what it can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sciner.errors import InputError, nearest
from sciner.text.formats.record import Record

# text: white space as it is, except line ends. lines: line ends. title: the first line end.
# edges: spans that do not begin and end with tokens of one sentence. overlaps: overlapping spans.
# confidences: of spans. masks: tokens whose label is unknown. tokens: their places. ids: of texts.
# documents: ids of documents only. unlabelled: a text that nobody labelled is told apart from one
# in which there is nothing to label
Held = Literal[
    "text",
    "lines",
    "title",
    "edges",
    "overlaps",
    "confidences",
    "masks",
    "tokens",
    "ids",
    "documents",
    "unlabelled",
]


class Head(NamedTuple):
    """What is known of a file before it is read: its suffix, the first 4,000 characters, and the
    first object of a JSON file."""

    suffix: str
    text: str
    object: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """read: the records of a file; notes counts what is left out. write: into a file, or into a
    new folder where ``suffix`` is empty; None for a format that is only
    read. recognise: whether a file is in the format, by its head.
    extra, library: what ``pip install 'sciner[extra]'`` brings, where the format needs one.
    """

    name: str
    title: str
    suffix: str
    holds: frozenset[Held]
    read: Callable[[Path, Counter[str]], Iterator[Record]]
    write: Callable[[Path, Iterable[Record]], None] | None
    recognise: Callable[[Head], bool]
    extra: str | None = None
    library: str | None = None

    def check_installed(self) -> None:
        """Raise InputError where the library is missing."""
        if self.library and find_spec(self.library) is None:
            raise InputError(
                f"{self.title} needs the package {self.library}",
                hint=f"pip install 'sciner[{self.extra}]'",
            )


EXCHANGES: dict[str, Exchange] = {}


def register(exchange: Exchange) -> Exchange:
    """Make a format known by its name."""
    EXCHANGES[exchange.name] = exchange
    return exchange


def find_exchange(name: str) -> Exchange:
    """Raises InputError for an unknown name, and where its library is missing."""
    if name not in EXCHANGES:
        raise InputError(f"unknown format {name!r}", hint=nearest(name, EXCHANGES))
    EXCHANGES[name].check_installed()
    return EXCHANGES[name]
