"""The printed lines of a document as running text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

LIGATURES = ("ff", "fi", "fl", "ffi", "ffl", "ft", "st")
# U+0002 and U+FFFE: PDFium's signs for a hyphen at the end of a line
PLAIN = {0xFB00 + n: letters for n, letters in enumerate(LIGATURES)} | {0x02: "-", 0xFFFE: "-"}
BLANK = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\uffff]")
DIVIDED = re.compile(r"(\w+(?:-\w+)*)[-\u2010\u00ad]$")  # how a line ends within a word
WORD = re.compile(r"\w+(?:-\w+)*")
LONGEST = 200  # characters of a word that is divided
SAME_SIZE = 0.05  # by how much letters of one paragraph may differ
WIDE = 1.25  # by how much more than usual the lines of two paragraphs are apart


class Line(NamedTuple):
    """A printed line.

    Attributes:
        text: of the line.
        size: of its letters, in points.
        baseline: in points above the bottom of the page.
    """

    text: str
    size: float
    baseline: float


class Running(NamedTuple):
    """A running text and its pages.

    Attributes:
        text: one paragraph per line.
        pages: the first character of each page.
    """

    text: str
    pages: tuple[int, ...]

    def page(self, character: int) -> int:
        """The page of a character, counted from 1."""
        return bisect_right(self.pages, character)

    def empty_pages(self) -> int:
        """The number of pages without text."""
        ends = [*self.pages, len(self.text)][1:]
        return sum(start == end for start, end in zip(self.pages, ends, strict=True))


def running_text(pages: Sequence[Sequence[Line]]) -> Running:
    """Join the lines of each paragraph; each paragraph becomes a line.

    A paragraph ends where the letters have another size, or the next line is further away than
    usual, and at the end of the page. The next line may be in another column, or an exponent.
    Within a paragraph lines are joined with a space, and a word that is divided at the end of a
    line without one (``keeps_hyphen``). Latin ligatures become letters (``cleaned``). Everything
    else stays, headers and footers included.
    """
    clean = [[line._replace(text=cleaned(line.text)) for line in page] for page in pages]
    clean = [[line for line in page if line.text] for page in clean]
    words = {word for page in clean for line in page for word in WORD.findall(line.text.casefold())}
    known = words | {part for word in words for part in word.split("-")}
    usual = usual_distance(clean)
    text, starts = "", []
    for page in clean:
        starts.append(len(text))
        text += "".join(f"{joined(part, known)}\n" for part in paragraphs(page, usual))
    return Running(text, tuple(starts))


def cleaned(text: str) -> str:
    """The text of a line, without white space at its ends.

    Ligatures become letters, other white space than spaces becomes spaces, and what cannot be
    printed becomes U+FFFD.
    """
    return UNPRINTABLE.sub("\ufffd", BLANK.sub(" ", text.translate(PLAIN))).strip()


def usual_distance(pages: Sequence[Sequence[Line]]) -> float:
    """The median distance between lines of the same size, in sizes; infinite without such lines."""
    found = [
        (a.baseline - b.baseline) / a.size
        for page in pages
        for a, b in pairwise(page)
        if a.size > 0 and same_size(a, b) and a.baseline > b.baseline
    ]
    return median(found) if found else float("inf")


def same_size(a: Line, b: Line) -> bool:
    """Whether the letters of two lines have the same size."""
    return abs(a.size - b.size) <= SAME_SIZE * max(a.size, b.size)


def paragraphs(page: Sequence[Line], usual: float) -> Iterator[list[str]]:
    """Yield the lines of each paragraph of a page.

    Args:
        page: its lines.
        usual: ``usual_distance``.
    """
    part: list[str] = []
    before: Line | None = None  # without the raised and lowered parts of a line
    for line in page:
        beside = before is not None and is_beside(before, line)
        if before and not beside and ends(before, line, usual):
            yield part
            part = []
        part.append(line.text)
        before = max(before, line, key=lambda one: one.size) if before and beside else line
    if part:
        yield part


def is_beside(a: Line, b: Line) -> bool:
    """Whether two lines are parts of one: text, and an exponent or the mark of a footnote."""
    return abs(a.baseline - b.baseline) < max(a.size, b.size) / 2


def ends(before: Line, line: Line, usual: float) -> bool:
    """Whether a paragraph ends between two lines."""
    distance = before.baseline - line.baseline
    return not same_size(before, line) or distance > WIDE * usual * line.size


def joined(lines: Sequence[str], known: set[str]) -> str:
    """The lines of a paragraph as one (``running_text``).

    Args:
        lines: of it.
        known: words of the document, and their parts between hyphens, without case.
    """
    parts = [lines[0]]
    for line in lines[1:]:
        head, tail = DIVIDED.search(parts[-1][-LONGEST:]), WORD.match(line)
        if not head or not tail or tail[0] in ("and", "or"):  # pre- and post-processing
            parts.append(" ")
        elif not keeps_hyphen(head[1], tail[0], known):
            parts[-1] = parts[-1][:-1]
        parts.append(line)
    return "".join(parts)


def keeps_hyphen(head: str, tail: str, known: set[str]) -> bool:
    """Whether a word that is divided at the end of a line keeps its hyphen.

    It does if the next line begins with an upper-case letter or a digit, and if the document has
    the word with the hyphen within a line. If it has it without, or neither, the hyphen is dropped,
    but in the latter case a word that has another hyphen keeps it.

    Args:
        head: the word before the hyphen.
        tail: its rest in the next line.
        known: see ``joined``.
    """
    if not tail[0].islower() or f"{head}-{tail}".casefold() in known:
        return True
    return "-" in head and (head.rpartition("-")[2] + tail).casefold() not in known
