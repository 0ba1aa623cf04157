"""BioCreative V CDR: PubMed abstracts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sciner.text.catalog.checksums import checksums
from sciner.text.catalog.entry import GITHUB, Agreement, Entry, Splits

MTL_BIO = f"{GITHUB}/cambridgeltl/MTL-Bioinformatics-2016/df0df02fae6dbb87d88ffcf323b9096528f06f84"
CDR = "Li et al. (2016), abstract: two annotators, before their consensus"


def read(folder: Path, notes: Counter[str]) -> Splits:
    """Read the splits; the files do not tell abstracts apart, so a split is one document."""
    from sciner.text.formats.conll import read_conll

    files = {"train": "train.tsv", "dev": "devel.tsv", "test": "test.tsv"}
    return {
        split: read_conll(folder / file, split=split, notes=notes, scheme="IOB2")
        for split, file in files.items()
    }


CORPUS = Entry(
    name="bc5cdr",
    task="chemicals, diseases in biomedicine",
    about=(
        "BioCreative V CDR: 1,500 PubMed abstracts, sentence by sentence, in the version of "
        "MTL-Bioinformatics-2016."
    ),
    splits=("train", "dev", "test"),
    source="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    licence="CC BY 4.0, as its repository says",
    citation=(
        "Li et al. (2016): BioCreative V CDR task corpus. Database. This version: Crichton et al. "
        "(2017): "
        "A neural network multi-task learning approach to biomedical NER. BMC Bioinformatics."
    ),
    places={"": f"{MTL_BIO}/data/BC5CDR-IOB/"},
    files=checksums("bc5cdr"),
    agreement=(
        Agreement(0.8749, "Jaccard", "diseases of the test set", CDR),
        Agreement(0.9605, "Jaccard", "chemicals of the test set", CDR),
    ),
    read=read,
)
