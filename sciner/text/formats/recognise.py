"""The format of a file, recognised by its name and its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from sciner.errors import InputError
from sciner.text.formats.documents import DOCSTART
from sciner.text.formats.source import read_raw_lines

Format = Literal["auto", "conll", "jsonl", "brat", "text", "pdf"]
NAMES: dict[str, str] = {
    "conll": "CoNLL",
    "jsonl": "JSON lines",
    "brat": "BRAT",
    "text": "plain text",
    "pdf": "PDF",
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
FOREIGN = {  # how the first line of a file in this format begins
    "PubTator": re.compile(r"[^|\s]+\|[ta]\|"),
    "XML (BioC, for example)": re.compile(r"<(\?xml|!DOCTYPE|collection)\b"),
    "WebAnno TSV": re.compile(r"#FORMAT=WebAnno"),
    "CoNLL-U": re.compile(r"1\t(.+\t){8}"),
}
HEAD = 200  # number of lines that are examined
TAG = re.compile(r"O|[BIES]-[^\s\d]\S*")  # B-12 and I-131 are words
MOSTLY = 0.8  # share of lines that must end in a tag; the reader reports the others


class UnknownSuffix(InputError):
    """The suffix of a file names no format."""


def recognise(path: Path) -> Format:
    """Recognise the format of a file.

    A .txt file is BRAT if an .ann file is beside it, CoNLL if its lines end in tags, and plain text
    otherwise. Other files are recognised by their suffix, in upper or lower case.

    Raises:
        UnknownSuffix: the suffix is that of no known format.
        InputError: the file begins like a format that is not read (it is named).
    """
    suffix = path.suffix.lower()
    if suffix in (".ann", ".pdf"):
        return "brat" if suffix == ".ann" else "pdf"
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
            f"suffix {suffix!r} is not that of a known format",
            file=path,
            hint="set format to conll, jsonl, brat, text or pdf",
        )
    return SUFFIXES[suffix]


def beside(path: Path, suffix: str) -> Path:
    """The file of the same name with ``suffix``, in lower or upper case; lower if there is none."""
    found = [path.with_suffix(form) for form in (suffix, suffix.upper())]
    return next((file for file in found if file.is_file()), found[0])


def _is_tagged(head: Sequence[str]) -> bool:
    """Whether most lines have 2 to 4 columns and end in a tag, some of them certainly."""
    rows = [line.split() for line in head if not line.startswith("#")]
    tagged = [
        row for row in rows if row[0] == DOCSTART or (2 <= len(row) <= 4 and TAG.fullmatch(row[-1]))
    ]
    certain = any(row[0] == DOCSTART or row[-1] == "O" for row in tagged) or all(
        "\t" in line for line in head
    )
    return certain and len(tagged) >= MOSTLY * max(1, len(rows))
