"""Checks that every reader makes.

The errors name no file or line; ``located`` adds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sciner.errors import InputError, nearest
from sciner.text.formats.documents import DOCSTART
from sciner.text.spans import Span

MAX_TOKENS = 2000


@contextmanager
def located(file: str | Path, line: int, last: int | None = None) -> Iterator[None]:
    """Add the file and line to an InputError that is raised inside.

    Args:
        file: named in the error.
        line: the first line at fault, counted from 1.
        last: the last one, if there are several.
    """
    try:
        yield
    except InputError as error:
        found = InputError(str(error), file=file, line=line)
        found.last = last
        raise found from None


def is_solid(text: str) -> bool:
    """Whether ``text`` is non-empty and has no Unicode white space; tokens and labels are so."""
    return text.split() == [text]


def check_token(token: str) -> None:
    """Raise InputError for a token that is empty, has white space, or is -DOCSTART-."""
    if token == DOCSTART:
        raise InputError(
            f"token {DOCSTART!r} separates documents in CoNLL",
            hint="put it in a row of its own, or drop it",
        )
    if not is_solid(token):
        raise InputError(
            f"token {token!r} is empty or has white space in it", hint="split or drop it"
        )


def check_length(tokens: int, *, too_long: str, most: int | None = MAX_TOKENS) -> None:
    """Raise InputError unless a sentence has between 1 and ``most`` tokens.

    Args:
        tokens: how many it has.
        too_long: the hint for a sentence that has more than ``most``.
        most: None allows any number.
    """
    if tokens == 0:
        raise InputError("a sentence without tokens", hint="leave it out")
    if most is not None and tokens > most:
        raise InputError(f"a sentence of {tokens:,} tokens", hint=too_long)


def check_label(label: str, labels: Collection[str] | None) -> None:
    """Raise InputError for a label that is not one word, or is not among ``labels`` if given."""
    if not is_solid(label):
        raise InputError(f"label {label!r} is empty or has white space in it", hint="use one word")
    if labels is not None and label not in labels:
        raise InputError(f"unknown label {label!r}", hint=nearest(label, labels))


def check_spans(spans: Iterable[Span], length: int, unit: str = "tokens") -> tuple[Span, ...]:
    """Sort spans and check that they are disjoint and within their text.

    Args:
        spans: in any order.
        length: of the text, in ``unit``.
        unit: for the message: tokens or characters.

    Returns:
        The spans in order.

    Raises:
        InputError: a span is empty, is not within 0 and ``length``, or overlaps another.
    """
    ordered = tuple(sorted(spans))
    end_before = 0
    for span in ordered:
        if span.start >= span.end:
            raise InputError(
                f"span {tuple(span)} is empty",
                hint="its end is exclusive and must be greater than its start",
            )
        if span.start < 0 or span.end > length:
            raise InputError(
                f"span {tuple(span)} is outside the sentence of {length} {unit}",
                hint=f"count {unit} from 0",
            )
        if span.start < end_before:
            raise InputError(
                f"span {tuple(span)} overlaps another",
                hint="keep one of them, or add data.repair=longest_span",
            )
        end_before = span.end
    return ordered
