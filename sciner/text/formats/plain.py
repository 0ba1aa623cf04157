"""Plain text: a tokenised sentence or paragraph a line, without labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.check import check_length, located
from sciner.text.formats.source import read_lines


def read_plain(path: str | Path, *, split: str) -> list[Sentence]:
    """All sentences that ``stream_plain`` yields."""
    return list(stream_plain(path, split=split))


def stream_plain(path: str | Path, *, split: str) -> Iterator[Sentence]:
    """One unlabelled sentence a line, split on white space; blank lines are skipped. Ids are ``{split}/{stem}#{i}``.

    Raises InputError for a file that is not UTF-8 or holds no sentence, and for a line of more than 2,000 tokens.
    """
    document, count = f"{split}/{Path(path).stem}", 0
    for number, line in enumerate(read_lines(path), start=1):
        if tokens := tuple(line.split()):
            with located(path, number):
                check_length(len(tokens), too_long="write one sentence or paragraph a line, of at most 2,000 tokens")
            yield Sentence(f"{document}#{count}", tokens)
            count += 1
    if not count:
        raise InputError("no sentence in it", file=path, hint="expected a tokenised sentence a line")
