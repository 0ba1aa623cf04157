"""The windows of a large training set in flat arrays: as objects they take six times as much."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sciner.tagger.encoder.windows import Window

Integers = np.ndarray[Any, np.dtype[Any]]
BLOCK = 2**20  # pieces looked at together


@dataclass(frozen=True, slots=True)
class PackedWindows:
    """N windows, given as a sequence of ``Window``, each made when it is asked for.

    numbers: [N, 4] int32, of each window its sentence, its first word and the two ends of ``keep``.
    ids: [all pieces], one window's after the other. firsts: [all words of windows]. Both are uint16
    where all their numbers fit, else int32. id_ends, first_ends: [N + 1] int64, where each window's
    begin, and where the last one's end.
    """

    numbers: Integers
    ids: Integers
    id_ends: Integers
    firsts: Integers
    first_ends: Integers

    @classmethod
    def of(cls, found: Iterable[Window], limit: int) -> PackedWindows:
        """Pack ``found``, which may come one window at a time.

        Args:
            found: the windows.
            limit: greater than any piece's number and any window's length.
        """
        kind = "H" if limit <= 2**16 else "i"
        numbers, ids, firsts = array("i"), array(kind), array(kind)
        id_ends, first_ends = array("q", [0]), array("q", [0])
        for window in found:
            numbers.extend((window.sentence, window.start, *window.keep))
            ids.extend(window.ids)
            firsts.extend(window.firsts)
            id_ends.append(len(ids))
            first_ends.append(len(firsts))
        return cls(
            np.frombuffer(numbers, np.intc).reshape(-1, 4),
            np.frombuffer(ids, kind),
            np.frombuffer(id_ends, np.int64),
            np.frombuffer(firsts, kind),
            np.frombuffer(first_ends, np.int64),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: int) -> Window:
        sentence, start, low, high = self.numbers[i].tolist()
        return Window(
            sentence,
            start,
            self.ids[self.id_ends[i] : self.id_ends[i + 1]].tolist(),
            self.firsts[self.first_ends[i] : self.first_ends[i + 1]].tolist(),
            (low, high),
        )

    def __iter__(self) -> Iterator[Window]:
        return map(self.__getitem__, range(len(self)))

    def lengths(self) -> list[int]:
        """Pieces of each window, special ones included."""
        lengths: list[int] = np.diff(self.id_ends).tolist()
        return lengths

    def sentences(self) -> Integers:
        """[N] the sentence of each window."""
        return self.numbers[:, 0]

    def pieces(self) -> set[int]:
        """The ids that occur."""
        found: set[int] = set()
        for at in range(0, len(self.ids), BLOCK):
            found.update(np.unique(self.ids[at : at + BLOCK]).tolist())
        return found
