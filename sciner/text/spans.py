"""Spans and their tag codings: IOB1, IOB2 and IOBES, read leniently and written strictly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from sciner.errors import InputError, nearest

Scheme = Literal["IOB1", "IOB2", "IOBES"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
PREFIXES = {"IOB1": "IB", "IOB2": "BI", "IOBES": "BIES"}


class Span(NamedTuple):
    """An entity mention: token positions ``start`` to ``end`` (exclusive) and its class."""

    start: int
    end: int
    label: str

    def overlaps(self, other: Span) -> bool:
        """Whether they share a token."""
        return self.start < other.end and other.start < self.end


def split_tag(tag: str) -> tuple[str, str]:
    """``B-Task`` as ``("B", "Task")`` and ``O`` as ``("O", "")``.

    Raises InputError for anything else: a prefix outside B, I, E, S, or an empty class.
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
    """The scheme under which the fewest tags are out of place (ties: IOB2).

    E- and S- exist in IOBES alone. IOB1 opens a span with I- and keeps B- for one that touches
    its neighbour of the same class; IOB2 opens every span with B- (Ramshaw & Marcus 1995; Tjong
    Kim Sang & Veenstra 1999).
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
    """Spans of one sentence, and how many tags had to be repaired.

    The repair is conlleval's reading: what cannot continue the open span opens a new one, what
    is never closed ends where the next tag no longer continues it. Nothing is dropped.
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
    """Tags of ``length`` tokens. Raises ValueError for spans that overlap, are empty or leave the
    sentence."""
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
