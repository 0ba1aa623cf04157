"""Running text as tokens."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from sciner.errors import InputError
from sciner.text.formats.check import check_spans
from sciner.text.spans import Span

TOKEN = re.compile(r"\w+(?:(?:[-.'\u2019]|(?<=\d),(?=\d))\w+)*|\S")


def tokenise(text: str, spans: Sequence[Span] = ()) -> tuple[tuple[str, ...], tuple[Span, ...], int]:
    """Tokens, the character ``spans`` in tokens, and how many tokens had to be split at a span's edge.

    A token is a word, joined inside by hyphens, full stops, apostrophes, underscores and by a comma between digits
    (``LSTM-CRF``, ``3e-5``, ``12,400``), or a single other character.
    Spans are trimmed of white space and returned in order. Raises InputError for spans that leave the text, overlap, are
    empty or cover only white space.
    """
    trimmed = tuple(_trim(text, span) for span in check_spans(spans, len(text), "characters"))
    edges = sorted({edge for span in trimmed for edge in (span.start, span.end)})
    bounds: list[tuple[int, int]] = []
    splits = 0
    for match in TOKEN.finditer(text):
        start, end = match.span()
        inside = edges[bisect_right(edges, start) : bisect_left(edges, end)]
        bounds += zip([start, *inside], [*inside, end], strict=True)
        splits += bool(inside)
    first = {start: i for i, (start, _) in enumerate(bounds)}
    last = {end: i for i, (_, end) in enumerate(bounds)}
    tokens = tuple(text[start:end] for start, end in bounds)
    return tokens, tuple(Span(first[s.start], last[s.end] + 1, s.label) for s in trimmed), splits


def _trim(text: str, span: Span) -> Span:
    surface = text[span.start : span.end]
    if not surface.strip():
        raise InputError(f"span {tuple(span)} covers only white space", hint="drop it")
    return Span(span.end - len(surface.lstrip()), span.start + len(surface.rstrip()), span.label)
