"""A format of annotation tools: how it is read and written, and what it can store."""

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
# edges: spans that do not begin and end with tokens of one sentence; without edges and tokens there
# are no spans. overlaps: overlapping spans.
# confidences: of spans. masks: tokens whose label is unknown. tokens: their places. ids: of texts.
# documents: ids of documents only. unlabelled: texts that nobody labelled, as distinct from texts
# without an entity
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
    """What is known of a file before it is read.

    Attributes:
        suffix: in lower case.
        text: the first 4,000 characters.
        object: the first object of a JSON file; empty for other files.
    """

    suffix: str
    text: str
    object: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A format of annotation tools.

    Attributes:
        name: by which it is chosen.
        title: for messages.
        suffix: of its files; empty if it has one file per document.
        holds: what it can store.
        read: the records of a file; the counter is told what is left out.
        write: records into a file, or into a new folder if ``suffix`` is empty; None for a format
            that is only read.
        recognise: whether a file is in the format, by its head.
        extra: the extra of the package (``pip install 'sciner[extra]'``) that it needs.
        library: the library that this extra brings.
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
        """Raise InputError if the library is missing."""
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
    """Return the format of this name.

    Raises:
        InputError: the name is unknown, or the format's library is missing.
    """
    if name not in EXCHANGES:
        raise InputError(f"unknown format {name!r}", hint=nearest(name, EXCHANGES))
    EXCHANGES[name].check_installed()
    return EXCHANGES[name]
