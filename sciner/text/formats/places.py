"""Checks that spans are where their text is: tools often miscount characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from sciner.errors import InputError
from sciner.text.formats.check import check_label
from sciner.text.formats.record import Mark
from sciner.text.formats.running import Offsets

MARKUP = re.compile(r"<[/!a-zA-Z][^>]*>|&(#\d+|[a-z]+);")
WORD = re.compile(r"\w")


class Miscount(NamedTuple):
    """A way of counting characters that differs from ours.

    Attributes:
        counts: how many the character at a position counts as.
        enough: if the file gives no text for its spans: how many spans must cut a word when counted
            our way, and none when counted this way.
        hint: how to correct the file.
    """

    counts: Callable[[str, int], int]
    enough: int
    hint: str


MISCOUNTS = (
    Miscount(
        lambda text, i: 2 if text[i] > "\uffff" else 1,
        1,
        "count each character beyond U+FFFF as one, not as two",
    ),
    Miscount(
        lambda text, i: 2 if text[i] == "\n" else 1,
        2,
        "the text has LF line ends, the offsets count CRLF: restore the line ends of the text",
    ),
    Miscount(
        lambda text, i: 0 if text[i : i + 2] == "\r\n" else 1,
        2,
        "the text has CRLF line ends, the offsets count LF: restore the line ends of the text",
    ),
)


def placed(
    text: str, marks: Iterable[Mark], surfaces: Sequence[str | None] = ()
) -> tuple[Mark, ...]:
    """Check marks against their text, trim white space at their edges, and sort them.

    Without surfaces, spans that cut words are rejected if another way of counting characters
    explains them.

    Args:
        text: of the record.
        marks: in any order.
        surfaces: the text that the file gives for each mark; None if it gives none.

    Raises:
        InputError: a span is empty, is outside the text, covers only white space or is not where
            its surface is; a class is not a valid name; a confidence is not in [0, 1]; or the text
            contains NUL.
    """
    check_text(text)
    marks = tuple(marks)
    surfaces = surfaces or (None,) * len(marks)
    for mark, surface in zip(marks, surfaces, strict=True):
        check_name(mark.label)
        where = f"span {mark.start} {mark.end}"
        if not mark.start < mark.end:
            raise InputError(f"{where} is empty", hint="its end must be greater than its start")
        if mark.start < 0 or mark.end > len(text):
            problem = f"{where} is outside the text of {len(text)} characters"
            raise InputError(problem, hint=explain(text, marks, surfaces) or "count from 0")
        held = text[mark.start : mark.end]
        if surface is not None and held.split() != surface.split():
            raise InputError(
                f"the text has {held[:40]!r} at {mark.start} {mark.end}, not {surface[:40]!r}",
                hint=explain(text, marks, surfaces) or "count characters from 0",
            )
        if not held.strip():
            raise InputError(f"{where} covers only white space", hint="drop it")
        if mark.confidence is not None and not 0 <= mark.confidence <= 1:
            raise InputError(f"confidence {mark.confidence} of {where}", hint="write 0 to 1")
    cutting = [mark for mark in marks if _cuts(text, mark)]
    if not any(surfaces) and (hint := explain(text, marks, surfaces, len(cutting))):
        cut = cutting[0]
        held = text[cut.start : cut.end]
        raise InputError(f"span {cut.start} {cut.end} cuts a word ({held[:40]!r})", hint=hint)
    return tuple(sorted((trimmed(text, mark) for mark in marks), key=lambda m: m[:3]))


def trimmed(text: str, mark: Mark) -> Mark:
    """The mark without white space at its edges."""
    surface = text[mark.start : mark.end]
    left, right = len(surface) - len(surface.lstrip()), len(surface) - len(surface.rstrip())
    return mark._replace(start=mark.start + left, end=mark.end - right)


def check_text(text: str) -> None:
    """Raise InputError for NUL and lone surrogates, which tools do not preserve."""
    if (at := text.find("\0")) >= 0:
        raise InputError(f"NUL at character {at} of the text", hint="take it out")
    check_surrogates(text)


def check_surrogates(text: str) -> None:
    """Raise InputError for a lone surrogate, which no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"a lone surrogate at character {error.start} of the text", hint="take it out"
        ) from None


def check_name(label: str) -> None:
    """Raise InputError for a class that is not a single word, or that contains markup."""
    if MARKUP.search(label):
        raise InputError(
            f"label {label[:40]!r} contains HTML", hint="write the name without markup"
        )
    check_label(label, None)


def check_tokens(text: str, tokens: Offsets) -> Offsets:
    """Raise InputError for tokens that are empty, overlap, have white space or leave the text."""
    before = 0
    for start, end in tokens:
        if not before <= start < end <= len(text) or text[start:end].split() != [text[start:end]]:
            raise InputError(
                f"token {start} {end} is not in this text", hint="was the text edited? restore it"
            )
        before = end
    return tokens


def explain(
    text: str, marks: Sequence[Mark], surfaces: Sequence[str | None], cutting: int = 0
) -> str:
    """The hint for a miscount under which every span is where it belongs; "" if there is none.

    Args:
        text: of the record.
        marks: as the file places them.
        surfaces: the text that the file gives for each mark; None if it gives none.
        cutting: number of marks that cut a word.
    """
    for miscount in MISCOUNTS:
        counts = [miscount.counts(text, i) for i in range(len(text))]
        if all(count == 1 for count in counts):
            continue
        place = {n: i for i, n in enumerate(accumulate(counts, initial=0))}
        moved = [Mark(place.get(m.start, -1), place.get(m.end, -1), m.label) for m in marks]
        if any(not 0 <= m.start < m.end for m in moved):
            continue
        if any(surfaces):
            held = (text[m.start : m.end].split() for m in moved)
            fits = all(h == s.split() for h, s in zip(held, surfaces, strict=True) if s is not None)
        else:
            outside = any(m.end > len(text) for m in marks)
            fits = (outside or cutting >= miscount.enough) and not any(
                _cuts(text, m) for m in moved
            )
        if fits:
            return miscount.hint
    return ""


def _cuts(text: str, mark: Mark) -> bool:
    edges = (e for e in (mark.start, mark.end) if 0 < e < len(text))
    return any(WORD.match(text[e - 1]) and WORD.match(text[e]) for e in edges)
