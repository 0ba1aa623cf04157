"""The tags of a whole file as spans, in one scheme."""

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
    """The tags of one sentence, and the line of each."""

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
    """Decode the tags of a file into spans.

    Args:
        rows: the tags of each sentence.
        file: for error messages.
        notes: counts "tags repaired", and OPENED_BY_I: spans without B- of a detected scheme.
        scheme: of the tags; None detects it over all rows.
        labels: the known classes; None allows any.

    Returns:
        The spans of each row.

    Raises:
        InputError: a tag belongs to no known scheme, a label is not among ``labels``, or the file
            has tags of more than one scheme.
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
    """Reject E- and S- in another scheme, and sentences without them in an IOBES file."""
    for row in rows:
        marked = [(tag, line) for tag, line in zip(row.tags, row.lines, strict=True) if tag != "O"]
        closing = [(tag, line) for tag, line in marked if tag[0] in "ES"]
        if closing and scheme not in (None, "IOBES"):
            tag, line = closing[0]
            raise InputError(
                f"tag {tag!r} does not exist in {scheme}",
                file=file,
                line=line,
                hint="set the scheme to IOBES, or correct the tag",
            )
        if marked and not closing and scheme is None:
            problem = (
                "tags of several schemes: entities without E- or S-, which the file has elsewhere"
            )
            hint = "use one scheme, or set data.scheme=IOBES to repair them"
            fault = InputError(problem, file=file, line=marked[0][1], hint=hint)
            fault.last = max(rows[-1].lines)
            raise fault
