"""Running text as tokens."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# combining marks and format characters (soft hyphen, zero-width space and joiner, marks of
# direction, byte-order mark) belong to the word that they are in
MARK = r"\p{M}\p{Cf}"
FIRST = r"[\p{L}\p{N}_]"  # no word begins with a mark: no gold span would begin there
LETTER = rf"[\p{{L}}\p{{N}}_{MARK}]"
TOKEN = regex.compile(
    rf"{FIRST}{LETTER}*(?:(?:[-.'\u2019]|(?<=\d),(?=\d)){LETTER}+)*|[^\s\x1c-\x1f][{MARK}]*"
)


def tokenise(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each token in characters.

    A token is a word, or a single other character. A word may contain hyphens, full stops,
    apostrophes and underscores, and a comma between digits (``LSTM-CRF``, ``3e-5``, ``12,400``).
    Combining marks, soft hyphens and other format characters belong to the word or character that
    they follow.
    """
    return (match.span() for match in TOKEN.finditer(text))
