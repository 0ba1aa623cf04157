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
    """How far people agree who label the same text: a ceiling for taggers that are judged by what
    one of them said.

    value: in [0, 1] for all measures here. measure: what was computed; only ``SPAN_F1`` is the
    same figure as entity F1.
    """

    value: float
    measure: str
    on: str
    source: str


SPAN_F1 = "span F1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A corpus by name.

    splits: those that its authors published, of train, dev, test and unlabelled. source: the
    page that tells of it. files: SHA-256 by path in a cache or mirror. places: the URL of a
    path, or of all paths that begin so. read: given the folder of its files, the splits; what of
    the gold it leaves out it counts. agreement: of its annotators, as far as it was published or
    can be computed; none where it is not known.
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
        """Where ``path`` is published: the longest of ``places`` that it begins with. Raises
        KeyError if there is none."""
        begins = [start for start in self.places if path.startswith(start)]
        if not begins:
            raise KeyError(path)
        longest = max(begins, key=len)
        return self.places[longest] + path.removeprefix(longest)
