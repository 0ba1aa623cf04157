"""Running text as sentences."""

from __future__ import annotations

import re
from itertools import pairwise


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence in characters, without blank ones.

    A line end always ends a sentence. Within lines, sentences are split by nupunkt (Punkt: Kiss &
    Strunk 2006, with a list of abbreviations; nothing is downloaded).
    """
    from nupunkt import sent_spans

    starts = sorted(
        line.start() + start
        for line in re.finditer(r"[^\n]+", text)
        if line[0].strip()
        for start in (0, *(s for s, _ in sent_spans(line[0].removesuffix("\r"))[1:]))
    )
    return [(a, b) for a, b in pairwise([*starts, len(text)]) if text[a:b].strip()]
