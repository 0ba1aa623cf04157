"""Named corpora as sentences, in their published splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sciner.errors import InputError
from sciner.text.catalog.known import find
from sciner.text.corpus import Corpus, Sentence, labels_of
from sciner.text.formats.brat import read_brat
from sciner.text.formats.conll import read_conll
from sciner.text.formats.plain import read_plain
from sciner.text.formats.source import read_lines

Splits = dict[str, Sequence[Sentence]]


def read_named(name: str, *, cache: Path) -> Corpus:
    """The corpus as published: no gold span is left out unless ``notes`` counts it. Fetch it first.

    Raises InputError for a name that is not in the catalogue and for files that ``cache/name`` lacks.
    """
    entry = find(name)
    folder = cache / name
    if absent := next((path for path in entry.files if not (folder / path).is_file()), None):
        raise InputError("no such file", file=folder / absent, hint=f"sciner data fetch {name}")
    notes: Counter[str] = Counter()
    found = READERS[name](folder, notes)
    splits = {split: tuple(found.get(split, ())) for split in ("train", "dev", "test", "unlabelled")}
    labels = labels_of(s for split in splits.values() for s in split)
    return Corpus(name, labels, **splits, notes=notes)


def _scierc(folder: Path, notes: Counter[str]) -> Splits:
    """-DOCSTART- tells abstracts apart; the second column repeats a part of speech, the third is O throughout."""
    return {
        split: read_conll(folder / f"{split}.txt", split=split, notes=notes, scheme="IOB1")
        for split in ("train", "dev", "test")
    }


def _bc5cdr(folder: Path, notes: Counter[str]) -> Splits:
    """Nothing in the files tells abstracts apart: a split is one document."""
    files = {"train": "train.tsv", "dev": "devel.tsv", "test": "test.tsv"}
    return {split: read_conll(folder / file, split=split, notes=notes, scheme="IOB2") for split, file in files.items()}


def _cmu_sciner(folder: Path, notes: Counter[str]) -> Splits:
    """Splits as published, the document of each sentence from the paper's own file."""
    papers = {
        file.stem: read_conll(file, split="", notes=Counter(), scheme="IOB2", documents="file")
        for file in sorted((folder / "annotated").glob("*.conll"))
    }
    splits: Splits = {}
    for split in ("train", "test"):
        file = folder / f"{split}.conll"
        splits[split] = name_papers(read_conll(file, split=split, notes=notes, scheme="IOB2"), papers, split, file)
    splits["unlabelled"] = read_plain(folder / "unlabelled.txt", split="unlabelled")
    return splits


def name_papers(sentences: Sequence[Sentence], papers: dict[str, list[Sentence]], split: str, file: Path) -> list[Sentence]:
    """``sentences``, which are whole papers one after the other, under the ids ``{split}/{paper}#{i}``.

    Raises InputError where they go on like none of ``papers``, tokens and gold alike.
    """
    content = {name: [(s.tokens, s.spans) for s in paper] for name, paper in papers.items()}
    given = [(s.tokens, s.spans) for s in sentences]
    named: list[Sentence] = []
    while (at := len(named)) < len(sentences):
        name = next((n for n, rows in content.items() if rows == given[at : at + len(rows)]), None)
        if name is None:
            raise InputError(f"no paper has sentence {at} and those behind it", file=file, hint="fetch the corpus again")
        paper = sentences[at : at + len(content.pop(name))]
        named += [replace(sentence, id=f"{split}/{name}#{i}") for i, sentence in enumerate(paper)]
    return named


def _matsci(folder: Path, notes: Counter[str]) -> Splits:
    """The published lists of files. The first line of each, the paper's DOI, is no sentence and carries no gold."""
    splits: Splits = {}
    for split in ("train", "dev", "test"):
        names = [line.strip() for line in read_lines(folder / f"ner-{split}-fnames.txt") if line.strip()]
        read = [s for name in names for s in read_brat(folder / "data" / f"{name}.txt", split=split, notes=notes)]
        splits[split] = [s for s in read if not _is_doi(s)]
        notes["DOI lines left out"] += len(read) - len(splits[split])
    return splits


def _is_doi(sentence: Sentence) -> bool:
    return sentence.id.endswith("#0") and not sentence.spans and sentence.tokens[0].startswith("10.")


READERS: dict[str, Callable[[Path, Counter[str]], Splits]] = {
    "scierc": _scierc,
    "cmu_sciner": _cmu_sciner,
    "bc5cdr": _bc5cdr,
    "matsci": _matsci,
}


def read_catalog(name: str) -> Corpus:
    """A named corpus, fetched and verified first. Raises InputError where it cannot be had."""
    from sciner.text.catalog.read import read_named

    return read_named(name, cache=fetch_catalog(name).parent)


def fetch_catalog(name: str) -> Path:
    """The folder of a named corpus, complete; the environment says where it is kept and what it is fetched from."""
    from sciner.progress import bar
    from sciner.text.catalog.fetch import cache_folder, fetch, mirror_place
    from sciner.text.catalog.known import find

    entry = find(name)
    with bar(f"fetching {name}", len(entry.files)) as advance:
        return fetch(entry, cache=cache_folder(), mirror=mirror_place(), progress=advance)
