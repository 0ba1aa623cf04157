"""Spans and their tag schemes: IOB1, IOB2 and IOBES, read leniently and written strictly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from sciner.errors import InputError, nearest

Scheme = Literal["IOB1", "IOB2", "IOBES"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
PREFIXES = {"IOB1": "IB", "IOB2": "BI", "IOBES": "BIES"}


class Span(NamedTuple):
    """An entity mention: token positions ``start`` to ``end`` (exclusive), and its class."""

    start: int
    end: int
    label: str

    def overlaps(self, other: Span) -> bool:
        """Whether they share a token."""
        return self.start < other.end and other.start < self.end


def split_tag(tag: str) -> tuple[str, str]:
    """Split a tag into prefix and class.

    Raises:
        InputError: the prefix is not B, I, E or S, or the class is empty.

    >>> split_tag("B-Task"), split_tag("O")
    (('B', 'Task'), ('O', ''))
    """
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag.partition("-")
    if prefix not in ("B", "I", "E", "S") or not dash or not label:
        raise InputError(
            f"tag {tag!r} belongs to no known scheme",
            hint="tags are O or B-, I-, E-, S- and a class",
        )
    return prefix, label


def detect_scheme(sequences: Iterable[Sequence[str]]) -> Scheme:
    """Find the scheme under which the fewest tags are out of place (ties: IOB2).

    E- and S- exist only in IOBES. IOB1 opens a span with I- and uses B- only for a span that
    touches the previous one of the same class; IOB2 opens every span with B- (Ramshaw & Marcus
    1995; Tjong Kim Sang & Veenstra 1999).
    """
    opened_by = {"B": 0, "I": 0}
    for tags in sequences:
        previous = ""
        for tag in tags:
            prefix, label = split_tag(tag)
            if prefix in ("E", "S"):
                return "IOBES"
            if prefix != "O" and label != previous:
                opened_by[prefix] += 1
            previous = label
    return "IOB1" if opened_by["I"] > opened_by["B"] else "IOB2"


def decode(tags: Sequence[str], scheme: Scheme = "IOB2") -> tuple[tuple[Span, ...], int]:
    """Read the spans of one sentence from its tags.

    Tags out of place are repaired as conlleval reads them: what cannot continue the open span opens
    a new one, and a span that is never closed ends where the next tag does not continue it. Nothing
    is dropped.

    Returns:
        (spans, number of repaired tags).

    >>> decode(["B-Task", "I-Task", "I-Method"])
    ((Span(start=0, end=2, label='Task'), Span(start=2, end=3, label='Method')), 1)
    """
    spans: list[Span] = []
    repairs = 0
    start, label = 0, ""  # the open span; label "" while none is open
    for i, tag in enumerate([*tags, "O"]):
        prefix, this = split_tag(tag)
        opens = prefix in ("B", "S") or (prefix in ("I", "E") and this != label)
        if label and (opens or prefix == "O"):
            spans.append(Span(start, i, label))
            repairs += scheme == "IOBES"  # an open IOBES span is closed by its own E-
            label = ""
        if opens:
            misplaced = prefix in ("I", "E") and scheme != "IOB1"
            needless = (
                prefix == "B"
                and scheme == "IOB1"
                and not (spans and spans[-1].end == i and spans[-1].label == this)
            )
            repairs += misplaced or needless
            start, label = i, this
        if prefix in ("E", "S"):
            spans.append(Span(start, i + 1, label))
            label = ""
    return tuple(spans), repairs


def encode(spans: Iterable[Span], length: int, scheme: Scheme = "IOB2") -> list[str]:
    """Write spans as the tags of ``length`` tokens.

    Raises:
        ValueError: spans overlap, are empty or leave the sentence.

    >>> encode([Span(0, 2, "Task")], 3)
    ['B-Task', 'I-Task', 'O']
    """
    tags = ["O"] * length
    before: Span | None = None
    for span in sorted(spans):
        start, end, label = span
        if not 0 <= start < end <= length or (before and start < before.end):
            raise ValueError(
                f"span {tuple(span)} overlaps another or leaves the sentence of {length} tokens"
            )
        touches = before is not None and before.end == start and before.label == label
        tags[start:end] = [f"I-{label}"] * (end - start)
        if scheme == "IOB2" or scheme == "IOBES" or touches:
            tags[start] = f"B-{label}"
        if scheme == "IOBES":
            tags[end - 1] = f"{'S' if end - start == 1 else 'E'}-{label}"
        before = span
    return tags


def parse_scheme(name: str) -> Scheme:
    """``name`` as a scheme, or InputError."""
    for scheme in SCHEMES:
        if name.upper() == scheme:
            return scheme
    raise InputError(f"unknown tag scheme {name!r}", hint=nearest(name, SCHEMES))
