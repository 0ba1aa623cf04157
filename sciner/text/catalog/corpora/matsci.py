"""Synthesis procedures in materials science."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sciner.text.catalog.checksums import checksums
from sciner.text.catalog.entry import GITHUB, Entry, Splits
from sciner.text.corpus import Sentence

MATERIALS = (
    f"{GITHUB}/olivettigroup/annotated-materials-syntheses/dd6abd1774c8c573fa99ef937ee2c44301e021cc"
)


def read(folder: Path, notes: Counter[str]) -> Splits:
    """Read the published lists of files.

    The first line of each file, the paper's DOI, is no sentence and has no gold.
    """
    from sciner.text.formats.brat import read_brat
    from sciner.text.formats.source import read_lines

    splits: Splits = {}
    for split in ("train", "dev", "test"):
        names = [
            line.strip() for line in read_lines(folder / f"ner-{split}-fnames.txt") if line.strip()
        ]
        found = [
            s
            for name in names
            for s in read_brat(folder / "data" / f"{name}.txt", split=split, notes=notes)
        ]
        splits[split] = [s for s in found if not is_doi(s)]
        notes["DOI lines left out"] += len(found) - len(splits[split])
    return splits


def is_doi(sentence: Sentence) -> bool:
    """Whether the sentence is the DOI that begins a file."""
    return (
        sentence.id.endswith("#0") and not sentence.spans and sentence.tokens[0].startswith("10.")
    )


CORPUS = Entry(
    name="matsci",
    task="synthesis procedures in materials science",
    about=(
        "230 synthesis procedures with 21 types: materials, operations, conditions, apparatus, "
        "amounts."
    ),
    splits=("train", "dev", "test"),
    source="https://github.com/olivettigroup/annotated-materials-syntheses",
    licence="MIT",
    citation=(
        "Mysore et al. (2019): The Materials Science Procedural Text Corpus: Annotating Materials "
        "Synthesis Procedures "
        "with Shallow Semantic Structures. LAW XIII."
    ),
    places={"": f"{MATERIALS}/"},
    files=checksums("matsci"),
    read=read,
)
