"""SciERC: abstracts of AI papers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sciner.text.catalog.checksums import checksums
from sciner.text.catalog.entry import GITHUB, Agreement, Entry, Splits

SCIBERT = f"{GITHUB}/allenai/scibert/06793f77d7278898159ed50da30d173cdc8fdea9"
LUAN = "Luan et al. (2018), Human Agreements: 12% of the documents were annotated twice"


def read(folder: Path, notes: Counter[str]) -> Splits:
    """Read the splits.

    -DOCSTART- tells abstracts apart. The second column repeats a part of speech, the third is
    always O.
    """
    from sciner.text.formats.conll import read_conll

    return {
        split: read_conll(folder / f"{split}.txt", split=split, notes=notes, scheme="IOB1")
        for split in ("train", "dev", "test")
    }


CORPUS = Entry(
    name="scierc",
    task="methods, tasks, metrics in AI",
    about=(
        "SciERC: 500 abstracts of AI papers, six types of scientific terms, in the SciBERT "
        "authors' CoNLL version, "
        "which lacks 89 of its 8,094 spans and has 58 that no annotator marked."
    ),
    splits=("train", "dev", "test"),
    source="https://github.com/allenai/scibert",
    licence="see source",
    citation=(
        "Luan, He, Ostendorf, Hajishirzi (2018): Multi-Task Identification of Entities, "
        "Relations, and Coreference "
        "for Scientific Knowledge Graph Construction. EMNLP. This version: Beltagy, Lo, Cohan "
        "(2019): SciBERT. EMNLP."
    ),
    places={"": f"{SCIBERT}/data/ner/sciie/"},
    files=checksums("scierc"),
    agreement=(Agreement(0.769, "kappa", "entities", LUAN),),
    read=read,
)
