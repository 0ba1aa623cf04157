"""Which format a file is in, told by its name and its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from sciner.errors import InputError
from sciner.text.formats.documents import DOCSTART
from sciner.text.formats.source import read_raw_lines

Format = Literal["auto", "conll", "jsonl", "brat", "text"]
NAMES: dict[str, str] = {
    "conll": "CoNLL",
    "jsonl": "JSON lines",
    "brat": "BRAT",
    "text": "plain text",
}
SUFFIXES: dict[str, Format] = {
    ".conll": "conll",
    ".tsv": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".ann": "brat",
}
FOREIGN = {  # by what a file begins with
    "PubTator": re.compile(r"[^|\s]+\|[ta]\|"),
    "XML (BioC, for example)": re.compile(r"<(\?xml|!DOCTYPE|collection)\b"),
    "WebAnno TSV": re.compile(r"#FORMAT=WebAnno"),
    "CoNLL-U": re.compile(r"1\t(.+\t){8}"),
}
HEAD = 200  # lines that are looked at
TAG = re.compile(r"O|[BIES]-[^\s\d]\S*")  # B-12 and I-131 are words
MOSTLY = 0.8  # share of lines that end in a tag; the reader says what is wrong with the others


class UnknownSuffix(InputError):
    """The suffix of a file names no format."""


def recognise(path: Path) -> Format:
    """The format of a file: a .txt is BRAT if an .ann stands beside it, CoNLL if its lines end in
    tags, otherwise plain text; other files are what their suffix says, in whatever case.

    Raises UnknownSuffix for a suffix that names no format, and InputError, by its name, for a
    format that is not read.
    """
    suffix = path.suffix.lower()
    if suffix == ".ann":
        return "brat"
    head = [
        line.strip()
        for line in islice((line for line in read_raw_lines(path) if line.strip()), HEAD)
    ]
    for name, begin in FOREIGN.items():
        if head and begin.match(head[0]):
            raise InputError(
                f"this is {name}, which is not read",
                file=path,
                hint="sciner data convert reads most formats of annotation tools",
            )
    if suffix == ".txt":
        return "brat" if beside(path, ".ann").is_file() else "conll" if _is_tagged(head) else "text"
    if suffix not in SUFFIXES:
        raise UnknownSuffix(
            f"suffix {suffix!r} names no format",
            file=path,
            hint="set format to conll, jsonl, brat or text",
        )
    return SUFFIXES[suffix]


def beside(path: Path, suffix: str) -> Path:
    """The file of that name with ``suffix``, in lower or upper case; in lower case where there is
    neither."""
    found = [path.with_suffix(form) for form in (suffix, suffix.upper())]
    return next((file for file in found if file.is_file()), found[0])


def _is_tagged(head: Sequence[str]) -> bool:
    """Whether most lines are 2 to 4 columns of which the last is a tag, some of them certainly."""
    rows = [line.split() for line in head if not line.startswith("#")]
    tagged = [
        row for row in rows if row[0] == DOCSTART or (2 <= len(row) <= 4 and TAG.fullmatch(row[-1]))
    ]
    certain = any(row[0] == DOCSTART or row[-1] == "O" for row in tagged) or all(
        "\t" in line for line in head
    )
    return certain and len(tagged) >= MOSTLY * max(1, len(rows))
