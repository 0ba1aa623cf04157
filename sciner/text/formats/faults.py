"""All that is wrong with files, instead of the first fault alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.read import Reading, expand, joined_files, read_file
from sciner.text.formats.recognise import beside
from sciner.text.formats.source import without_lines

MOST = 20


def read_all(
    paths: Sequence[str], *, split: str, notes: Counter[str], **how: Unpack[Reading]
) -> tuple[tuple[Sentence, ...], list[InputError]]:
    """(sentences, faults): as ``read_files``, but that up to MOST faults are collected.

    A line that is at fault is left out when the file is read again, so that what stands behind
    it is looked at too.
    """
    faults: list[InputError] = []
    read: list[tuple[Path, list[Sentence]]] = []
    for path in paths:
        for file in expand(path):
            before, left_out = len(faults), dict[str, set[int]]()
            while len(faults) < MOST:
                counted: Counter[str] = Counter()
                try:
                    with without_lines(left_out):
                        read.append((file, read_file(file, split=split, notes=counted, **how)))
                    notes.update(counted)
                    break
                except InputError as fault:
                    if left_out and fault.line is None:  # nothing is left of the file
                        break
                    faults.append(fault)
                    place = str(fault.file)
                    if (
                        fault.line is None
                        or fault.line in left_out.get(place, ())
                        or _is_brat_text(Path(place))
                    ):
                        break
                    lines = range(fault.line, (fault.last or fault.line) + 1)
                    left_out.setdefault(place, set()).update(lines)
            faults[before:] = sorted(faults[before:], key=lambda fault: fault.line or 0)
    try:
        return joined_files(read), faults
    except InputError as fault:
        return (), [*faults, fault]


def _is_brat_text(file: Path) -> bool:
    """Whether annotations count the characters of the file, so that no line of it may be left
    out."""
    return file.suffix.lower() == ".txt" and beside(file, ".ann").is_file()
