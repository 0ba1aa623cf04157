"""Running text as tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(r"\w+(?:(?:[-.'\u2019]|(?<=\d),(?=\d))\w+)*|\S")


def tokenise(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each token in characters.

    A token is a word, joined inside by hyphens, full stops, apostrophes, underscores and by a comma between digits
    (``LSTM-CRF``, ``3e-5``, ``12,400``), or a single other character.
    """
    return (match.span() for match in TOKEN.finditer(text))
