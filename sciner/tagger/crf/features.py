"""Features of the CRF: observable properties of a word and its neighbours (no torch).

They are those of Ratinov & Roth (2009, "Design Challenges and Misconceptions in Named Entity
Recognition", section 3): the word, its prefixes and suffixes, its type, and words and
capitalisation in a window of two. Word shapes, Greek letters, Roman numerals and dashes are those
of Settles (2004, "Biomedical Named Entity Recognition Using Conditional Random Fields").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

WINDOW = 2  # words to either side
AFFIX = 4  # characters of the longest prefix and suffix
ROMAN = re.compile(r"(?=[IVXLC])C{0,3}(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "omicron",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
    ]
)


def shape(word: str) -> str:
    """Every character by its kind.

    >>> shape("BiLSTM-2")
    'XxXXXX-d'
    """
    return "".join(
        "X" if c.isupper() else "d" if c.isdigit() else "x" if c.isalpha() else c for c in word
    )


def short_shape(word: str) -> str:
    """The shape, with runs of one kind as one character.

    >>> short_shape("BiLSTM-2")
    'XxX-d'
    """
    return "".join(kind for kind, _ in groupby(shape(word)))


@lru_cache(maxsize=100_000)
def own_features(word: str) -> tuple[str, ...]:
    """Features of a word by itself, each a name or ``name=value``; the same order every time."""
    lower = word.lower()
    found = [f"word={word}", f"lower={lower}", f"shape={shape(word)}", f"short={short_shape(word)}"]
    for length in range(1, min(AFFIX, len(word)) + 1):
        found += [f"prefix={lower[:length]}", f"suffix={lower[-length:]}"]
    found += [name for name, holds in kinds(word, lower).items() if holds]
    return tuple(found)


def kinds(word: str, lower: str) -> dict[str, bool]:
    """The word's orthographic types; several may hold."""
    return {
        "capitalised": word[:1].isupper(),
        "all capitals": word.isupper(),
        "capital inside": any(c.isupper() for c in word[1:]),
        "digits": word.isdigit(),
        "has digit": any(c.isdigit() for c in word),
        "number": lower[:1].isdigit() and all(c.isdigit() or c in ".,%" for c in word),
        "has dash": "-" in word or "\u2013" in word,
        "punctuation": bool(word) and not any(c.isalnum() for c in word),
        "greek": lower in GREEK or any("\u0370" <= c <= "\u03ff" for c in word),
        "roman": ROMAN.fullmatch(word) is not None,
    }


@lru_cache(maxsize=100_000)
def neighbour_features(word: str, offset: int) -> tuple[str, ...]:
    """Features of a word ``offset`` places away: the word without case, and its short shape."""
    return f"{offset:+d}lower={word.lower()}", f"{offset:+d}short={short_shape(word)}"


def features(tokens: Sequence[str]) -> list[list[str]]:
    """[tokens][features] of a whole sentence; its first and last word know that they are."""
    rows = []
    for i, word in enumerate(tokens):
        row = ["bias", *own_features(word)]
        for offset in range(-WINDOW, WINDOW + 1):
            if offset and 0 <= i + offset < len(tokens):
                row += neighbour_features(tokens[i + offset], offset)
        if i == 0:
            row.append("BOS")
        if i == len(tokens) - 1:
            row.append("EOS")
        rows.append(row)
    return rows
