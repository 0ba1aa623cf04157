"""Running text as tokens."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# combining marks, and characters that only format (soft hyphen, zero-width space and joiner, marks
# of direction, byte-order mark): part of what they stand in
MARK = r"\p{M}\p{Cf}"
FIRST = r"[\p{L}\p{N}_]"  # a word does not begin with a mark: its gold would be out of reach
LETTER = rf"[\p{{L}}\p{{N}}_{MARK}]"
TOKEN = regex.compile(
    rf"{FIRST}{LETTER}*(?:(?:[-.'\u2019]|(?<=\d),(?=\d)){LETTER}+)*|[^\s\x1c-\x1f][{MARK}]*"
)


def tokenise(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each token in characters.

    A token is a word, joined inside by hyphens, full stops, apostrophes, underscores and by a
    comma between digits (``LSTM-CRF``, ``3e-5``, ``12,400``), or a single other character.
    Marks, soft hyphens and other format characters belong to the word or character that they stand
    in or behind.
    """
    return (match.span() for match in TOKEN.finditer(text))
