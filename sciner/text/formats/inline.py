"""Papers with their spans marked in the text: ``[surface](Label)``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.check import check_label, check_length, located
from sciner.text.formats.running import count_dropped, pieces
from sciner.text.formats.source import read_lines
from sciner.text.spans import Span

# one character of plain text; a literal ] needs no escape unless ( follows
PLAIN = r"[^\[\]\\]|\\[\[\\]|\](?!\()"
MARK = re.compile(
    rf"(?P<plain>(?:{PLAIN})+)|\[(?P<surface>(?:{PLAIN})*)\]\((?P<label>[^()\[\]\\]*)\)"
)
ESCAPE = re.compile(r"\\(.)")


def parse_inline(line: str) -> tuple[str, tuple[Span, ...]]:
    r"""Parse a line into its text and its spans in characters.

    A literal ``[`` is written ``\[``, a literal ``\`` is written ``\\``.

    Raises:
        InputError: a bracket or backslash is neither a mark nor an escape, or a span is empty.
    """
    text, spans, position = "", [], 0
    while position < len(line):
        match = MARK.match(line, position)
        if match is None:
            raise InputError(
                f"stray {line[position]!r} at column {position + 1}",
                hint=r"a span is [surface](Label), a literal [ or \ is written \[, \\",
            )
        surface = ESCAPE.sub(r"\1", match["plain"] or match["surface"])
        if match["plain"] is None:
            if not surface.strip():
                raise InputError(
                    f"empty surface at column {position + 1}", hint="mark at least one word"
                )
            spans.append(Span(len(text), len(text) + len(surface), match["label"]))
        text += surface
        position = match.end()
    return text, tuple(spans)


def read_paper(path: str | Path, *, labels: Collection[str], notes: Counter[str]) -> list[Sentence]:
    """Read one paper: the title after ``# ``, then one sentence per line.

    Headings (``## ``) and blank lines are skipped. Ids are ``{stem}#{i}``.

    Args:
        path: the file.
        labels: the known classes.
        notes: counts the spans that were dropped because they cut a token.

    Raises:
        InputError: a mark is malformed, a label is not among ``labels``, the title is missing, late
            or repeated, or a sentence has more than 2,000 tokens.
    """
    sentences: list[Sentence] = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith("## "):
            continue
        with located(path, number):
            if line.startswith("# ") == bool(sentences):
                problem = "a second title" if sentences else "a sentence comes before the title"
                raise InputError(
                    problem, hint="a paper begins with its title in one line, '# Title'"
                )
            text, marked = parse_inline(line.removeprefix("# "))
            for span in marked:
                check_label(span.label, labels)
            (piece,) = pieces(text, marked, whole=True)
            check_length(
                len(piece.tokens), too_long="write one sentence per line, of at most 2,000 tokens"
            )
        count_dropped(notes, len(piece.dropped), 0)
        id_ = f"{Path(path).stem}#{len(sentences)}"
        sentences.append(Sentence(id_, piece.tokens, piece.spans, dropped=piece.dropped))
    if not sentences:
        raise InputError(
            "no sentence in it",
            file=path,
            hint="a paper begins with its title in one line, '# Title'",
        )
    return sentences
