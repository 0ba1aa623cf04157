"""A trie over words that finds surface forms in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Form = tuple[str, ...]
END = None  # the key under which a form ends; no word equals it
Trie = dict[str | None, Any]  # word -> trie


def trie_of(forms: Iterable[Form]) -> Trie:
    """All forms, words that they share at the beginning once."""
    root: Trie = {}
    for form in forms:
        node = root
        for word in form:
            node = node.setdefault(word, {})
        node[END] = True
    return root


def ends(trie: Trie, tokens: Sequence[str], start: int) -> Iterator[int]:
    """The ends (exclusive) of all forms that begin at ``start``, ascending."""
    node: Trie = trie
    for i in range(start, len(tokens)):
        if (found := node.get(tokens[i])) is None:
            return
        node = found
        if END in node:
            yield i + 1


def occurrences(trie: Trie, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(start, end) wherever a form stands, inside of others and across them too."""
    for start in range(len(tokens)):
        for end in ends(trie, tokens, start):
            yield start, end


def longest_matches(trie: Trie, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) from left to right: the longest form at a place, then on behind it."""
    start = 0
    while start < len(tokens):
        end = max(ends(trie, tokens, start), default=start)
        if end > start:
            yield start, end
        start = max(end, start + 1)
