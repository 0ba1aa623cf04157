"""The tags of a whole file as spans, under one scheme."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from sciner.errors import InputError
from sciner.text.formats.check import check_label, located
from sciner.text.spans import Scheme, Span, decode, detect_scheme, split_tag

OPENED_BY_I = "spans that begin with I- instead of B- (the file is read as IOB1)"


class TagRow(NamedTuple):
    """One sentence's tags and the line that each stands on."""

    tags: Sequence[str]
    lines: Sequence[int]


def decode_file(
    rows: Sequence[TagRow],
    *,
    file: str | Path,
    notes: Counter[str],
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
) -> list[tuple[Span, ...]]:
    """Spans of each row; ``scheme`` None detects it over all rows. Repairs are counted in
    notes["tags repaired"], spans without B- of a scheme that was detected in notes[OPENED_BY_I].

    Raises InputError for a tag of no known scheme, a label outside ``labels``, or tags of more
    than one scheme.
    """
    _check_tags(rows, file, labels)
    detected = detect_scheme(row.tags for row in rows)
    if detected == "IOBES":
        _check_one_scheme(rows, file, scheme)
    spans = []
    for row in rows:
        found, repairs = decode(row.tags, scheme or detected)
        spans.append(found)
        if repairs:
            notes["tags repaired"] += repairs
        if scheme is None and detected == "IOB1":
            notes[OPENED_BY_I] += sum(row.tags[span.start][0] == "I" for span in found)
    return spans


def _check_tags(rows: Sequence[TagRow], file: str | Path, labels: Collection[str] | None) -> None:
    good = {"O"}
    for row in rows:
        for tag, line in zip(row.tags, row.lines, strict=True):
            if tag in good:
                continue
            with located(file, line):
                check_label(split_tag(tag)[1], labels)
            good.add(tag)


def _check_one_scheme(rows: Sequence[TagRow], file: str | Path, scheme: Scheme | None) -> None:
    """Refuse E- and S- under another ``scheme`` and, unless IOBES was asked for, sentences of
    entities that have neither."""
    for row in rows:
        marked = [(tag, line) for tag, line in zip(row.tags, row.lines, strict=True) if tag != "O"]
        closing = [(tag, line) for tag, line in marked if tag[0] in "ES"]
        if closing and scheme not in (None, "IOBES"):
            tag, line = closing[0]
            raise InputError(
                f"tag {tag!r} does not exist in {scheme}",
                file=file,
                line=line,
                hint="is the scheme IOBES?",
            )
        if marked and not closing and scheme is None:
            problem = (
                "tags of several schemes: entities without E- or S-, which the file has elsewhere"
            )
            hint = "use one scheme, or name IOBES to have them repaired"
            fault = InputError(problem, file=file, line=marked[0][1], hint=hint)
            fault.last = max(rows[-1].lines)
            raise fault
