"""All errors in files, instead of the first one only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.pdf import is_pdf
from sciner.text.formats.read import Reading, expand, joined_files, read_file
from sciner.text.formats.recognise import beside
from sciner.text.formats.source import without_lines

MOST = 20


def read_all(
    paths: Sequence[str], *, split: str, notes: Counter[str], **how: Unpack[Reading]
) -> tuple[tuple[Sentence, ...], list[InputError]]:
    """Read files as ``read_files`` does, but collect up to MOST errors.

    After an error the file is read again without the faulty line, so that what follows it is
    checked too.

    Args:
        paths: files, folders or globs.
        split: see ``read_file``.
        notes: counts what readers repaired or left out.
        **how: see ``Reading``.

    Returns:
        The sentences, and the errors.
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
                    if left_out and fault.line is None:  # every sentence of the file was faulty
                        break
                    faults.append(fault)
                    place = str(fault.file)
                    if (
                        fault.line is None
                        or fault.line in left_out.get(place, ())
                        or _needs_all_lines(Path(place))
                    ):
                        break
                    lines = range(fault.line, (fault.last or fault.line) + 1)
                    left_out.setdefault(place, set()).update(lines)
            faults[before:] = sorted(faults[before:], key=lambda fault: fault.line or 0)
    try:
        return joined_files(read), faults
    except InputError as fault:
        return (), [*faults, fault]


def _needs_all_lines(file: Path) -> bool:
    """Whether no line of a file may be left out: annotations count its characters, or it is PDF."""
    is_brat = file.suffix.lower() == ".txt" and beside(file, ".ann").is_file()
    return is_brat or is_pdf(file)
