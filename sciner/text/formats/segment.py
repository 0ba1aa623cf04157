"""Running text as sentences."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from sciner.text.spans import Span


def sentence_bounds(text: str, spans: Sequence[Span] = ()) -> tuple[list[tuple[int, int]], int]:
    """(start, end) of each sentence in characters, blank ones left out, and how many ends inside a span were ignored.

    A line's end always ends a sentence; within lines the ends are nupunkt's (Punkt: Kiss & Strunk 2006, with abbreviations
    of its own; nothing is downloaded). A sentence never ends inside one of ``spans``, which must be in order and disjoint.
    """
    from nupunkt import sent_spans

    starts = {
        line.start() + start
        for line in re.finditer(r"[^\n]+", text)
        if line[0].strip()
        for start in (0, *(s for s, _ in sent_spans(line[0])[1:]))
    }
    inside = {start for start in starts if _is_inside(start, spans)}
    edges = [*sorted(starts - inside), len(text)]
    bounds = [(a, b) for a, b in pairwise(edges) if text[a:b].strip()]
    return bounds, len(inside)


def _is_inside(position: int, spans: Sequence[Span]) -> bool:
    """Whether a span begins before ``position`` and ends behind it."""
    before = bisect_left(spans, position, key=lambda s: s.start)
    return before > 0 and spans[before - 1].end > position
