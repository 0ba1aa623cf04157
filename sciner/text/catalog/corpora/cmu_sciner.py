"""The task of arXiv 2502.16312: NLP papers, annotated by a student team."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sciner.errors import InputError
from sciner.text.catalog.checksums import checksums
from sciner.text.catalog.entry import GITHUB, SPAN_F1, Agreement, Entry, Splits
from sciner.text.corpus import Sentence

CMU_STUDENTS = (
    f"{GITHUB}/prasoonvarshney/scientific-entity-recognition/"
    "00c03c69ecd7eae3db87e938bac52d69d4092d76"
)
CMU_COURSE = (
    f"{GITHUB}/neubig/nlp-from-scratch-assignment-2022/39280a8352377e274d1289315a7f0537f5a6c7f0"
)
TEAMS = (
    "experiments/auto_vs_manual/people.py, of BertyBoy.conll (GitHub "
    "prasoonvarshney/scientific-entity-recognition @ 43d30f4) "
    "and the cleaned file of the same paper (GitHub "
    "sherryzyh/End-to-End-Scientific-Entity-Recognition @ 08e28b3)"
)


def read(folder: Path, notes: Counter[str]) -> Splits:
    """Splits as published, the document of each sentence from the paper's own file."""
    from sciner.text.formats.conll import read_conll
    from sciner.text.formats.plain import read_plain

    papers = {
        file.stem: read_conll(file, split="", notes=Counter(), scheme="IOB2", documents="file")
        for file in sorted((folder / "annotated").glob("*.conll"))
    }
    splits: Splits = {}
    for split in ("train", "test"):
        file = folder / f"{split}.conll"
        splits[split] = name_papers(
            read_conll(file, split=split, notes=notes, scheme="IOB2"), papers, split, file
        )
    splits["unlabelled"] = read_plain(folder / "unlabelled.txt", split="unlabelled", tokenised=True)
    return splits


def name_papers(
    sentences: Sequence[Sentence], papers: dict[str, list[Sentence]], split: str, file: Path
) -> list[Sentence]:
    """Give sentences, which are whole papers in a row, the ids ``{split}/{paper}#{i}``.

    Raises:
        InputError: they continue like none of ``papers``, whose tokens and gold must be the same.
    """
    content = {name: [(s.tokens, s.spans) for s in paper] for name, paper in papers.items()}
    given = [(s.tokens, s.spans) for s in sentences]
    named: list[Sentence] = []
    while (at := len(named)) < len(sentences):
        name = next((n for n, rows in content.items() if rows == given[at : at + len(rows)]), None)
        if name is None:
            raise InputError(
                f"no paper has sentence {at} and those behind it",
                file=file,
                hint="fetch the corpus again",
            )
        paper = sentences[at : at + len(content.pop(name))]
        named += [replace(sentence, id=f"{split}/{name}#{i}") for i, sentence in enumerate(paper)]
    return named


CORPUS = Entry(
    name="cmu_sciner",
    task="methods, hyperparameters, results in NLP",
    about=(
        "The task of arXiv 2502.16312: NLP papers annotated with seven types by one student team "
        "of CMU 11-711, "
        "24 to train on and 8 to test, and the course's unlabelled paragraphs."
    ),
    splits=("train", "test", "unlabelled"),
    source="https://github.com/prasoonvarshney/scientific-entity-recognition",
    licence="see source",
    citation=(
        "GitHub repository prasoonvarshney/scientific-entity-recognition (2022); unlabelled text: "
        "GitHub repository neubig/nlp-from-scratch-assignment-2022 (2022)."
    ),
    places={
        "annotated/": f"{CMU_STUDENTS}/data/annotated/",
        "": f"{CMU_STUDENTS}/data/created_data_train_test_splits/",
        "unlabelled.txt": f"{CMU_COURSE}/data/anlp-sciner-test.txt",
    },
    files=checksums("cmu_sciner"),
    agreement=(
        Agreement(0.789, SPAN_F1, "one paper, two student teams", TEAMS),
        Agreement(0.642, "kappa", "entity tokens of one paper, two student teams", TEAMS),
    ),
    read=read,
)
