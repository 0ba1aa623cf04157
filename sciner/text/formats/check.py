"""What every reader asks of what it has read. Errors name no place; ``located`` adds it."""

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
    """Say where an InputError raised inside comes from: from ``line``, or the lines from it to
    ``last``."""
    try:
        yield
    except InputError as error:
        found = InputError(str(error), file=file, line=line)
        found.last = last
        raise found from None


def is_solid(text: str) -> bool:
    """Not empty and without white space of any Unicode kind: what every token and label is."""
    return text.split() == [text]


def check_token(token: str) -> None:
    """Raise InputError for a token that is not solid, or that no CoNLL file can hold."""
    if token == DOCSTART:
        raise InputError(
            f"token {DOCSTART!r} begins a document in CoNLL",
            hint="give it a row of its own, or drop it",
        )
    if not is_solid(token):
        raise InputError(f"token {token!r} is empty or holds white space", hint="split or drop it")


def check_length(tokens: int, *, too_long: str, most: int | None = MAX_TOKENS) -> None:
    """Raise InputError unless a sentence has 1 to ``most`` tokens; ``too_long`` is the hint for
    more."""
    if tokens == 0:
        raise InputError("a sentence without tokens", hint="leave it out")
    if most is not None and tokens > most:
        raise InputError(f"a sentence of {tokens:,} tokens", hint=too_long)


def check_label(label: str, labels: Collection[str] | None) -> None:
    """Raise InputError for a label that is not solid or, where ``labels`` is given, not among
    them."""
    if not is_solid(label):
        raise InputError(
            f"label {label!r} is empty or holds white space", hint="name it in one word"
        )
    if labels is not None and label not in labels:
        raise InputError(f"unknown label {label!r}", hint=nearest(label, labels))


def check_spans(spans: Iterable[Span], length: int, unit: str = "tokens") -> tuple[Span, ...]:
    """The spans in order. Raises InputError for one that is empty, leaves 0 to ``length``, or
    overlaps another."""
    ordered = tuple(sorted(spans))
    end_before = 0
    for span in ordered:
        if span.start >= span.end:
            raise InputError(
                f"span {tuple(span)} is empty",
                hint="its end is exclusive and lies behind its start",
            )
        if span.start < 0 or span.end > length:
            raise InputError(
                f"span {tuple(span)} leaves the sentence of {length} {unit}",
                hint=f"count {unit} from 0",
            )
        if span.start < end_before:
            raise InputError(
                f"span {tuple(span)} overlaps another",
                hint="keep one of them, or add data.repair=longest_span",
            )
        end_before = span.end
    return ordered
