"""What is known of a published corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sciner.text.corpus import Sentence

GITHUB = "https://raw.githubusercontent.com"
Splits = dict[str, Sequence[Sentence]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of people who label the same text: a ceiling for taggers.

    Attributes:
        value: in [0, 1] for all measures here.
        measure: what was computed; only ``SPAN_F1`` is the same figure as entity F1.
        on: which text.
        source: who reports it.
    """

    value: float
    measure: str
    on: str
    source: str


SPAN_F1 = "span F1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A corpus by name.

    Attributes:
        name, task, about, licence, citation: for people.
        splits: those that its authors published, of train, dev, test and unlabelled.
        source: the page that describes it.
        places: the URL of a path, or of all paths with this prefix.
        files: SHA-256 by path in a cache or mirror.
        read: reads the splits from the folder of its files, and counts the gold that it leaves out.
        agreement: of its annotators, where it was published or can be computed.
    """

    name: str
    task: str
    about: str
    splits: tuple[str, ...]
    source: str
    licence: str
    citation: str
    places: Mapping[str, str]
    files: Mapping[str, str]
    read: Callable[[Path, Counter[str]], Splits]
    agreement: tuple[Agreement, ...] = ()

    def url(self, path: str) -> str:
        """Where ``path`` is published, by the longest matching prefix in ``places``.

        Raises:
            KeyError: none matches.
        """
        begins = [start for start in self.places if path.startswith(start)]
        if not begins:
            raise KeyError(path)
        longest = max(begins, key=len)
        return self.places[longest] + path.removeprefix(longest)
