"""Plain text without labels: running text, or one tokenised sentence per line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from sys import intern

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.check import check_length, check_token, located
from sciner.text.formats.running import Offsets, Placed, pieces
from sciner.text.formats.source import read_raw_lines


def read_plain(path: str | Path, *, split: str, tokenised: bool = False) -> list[Sentence]:
    """All sentences that ``stream_plain`` yields."""
    return [placed.sentence for placed in stream_plain(path, split=split, tokenised=tokenised)]


def stream_plain(path: str | Path, *, split: str, tokenised: bool = False) -> Iterator[Placed]:
    """Yield unlabelled sentences with the places of their tokens in the file, line by line.

    Args:
        path: the file.
        split: the first part of the ids, ``{split}/{stem}#{i}``.
        tokenised: each line is a sentence, with spaces between its tokens; otherwise running text
            is split into sentences and tokens, as in BRAT and JSON lines.

    Raises:
        InputError: the file is not UTF-8 or has no sentence, or a sentence has more than 2,000
            tokens.
    """
    return placed_in(read_raw_lines(path), path, split=split, tokenised=tokenised)


def placed_in(
    lines: Iterable[str], path: str | Path, *, split: str, tokenised: bool = False
) -> Iterator[Placed]:
    """Yield the sentences of ``stream_plain`` in lines of text, given with their ends."""
    document, count, begin = f"{split}/{Path(path).stem}", 0, 0
    for number, line in enumerate(lines, start=1):
        for tokens, offsets in (
            [_words(line)] if tokenised else [(p.tokens, p.offsets) for p in pieces(line)]
        ):
            if not tokens:
                continue
            with located(path, number):
                check_length(len(tokens), too_long="start a new line between sentences")
                for token in tokens if tokenised else ():
                    check_token(token)
            places = tuple((begin + a, begin + b) for a, b in offsets)
            yield Placed(Sentence(f"{document}#{count}", tokens), places)
            count += 1
        begin += len(line)
    if not count:
        raise InputError("no sentence in it", file=path, hint="expected text")


def _words(line: str) -> tuple[tuple[str, ...], Offsets]:
    offsets = tuple(match.span() for match in re.finditer(r"\S+", line))
    return tuple(intern(line[a:b]) for a, b in offsets), offsets
