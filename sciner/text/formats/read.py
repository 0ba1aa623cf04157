"""Files of any known format as sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import Literal, get_args

from sciner.errors import InputError, nearest
from sciner.text.corpus import Sentence
from sciner.text.formats.brat import read_brat
from sciner.text.formats.conll import DOCSTART, Documents, read_conll, stream_conll
from sciner.text.formats.jsonl import read_jsonl, stream_jsonl
from sciner.text.formats.plain import read_plain, stream_plain
from sciner.text.formats.source import read_lines
from sciner.text.spans import Scheme

Format = Literal["auto", "conll", "jsonl", "brat", "text"]
SUFFIXES: dict[str, Format] = {
    ".conll": "conll",
    ".tsv": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".ann": "brat",
}
TAGGED = re.compile(rf"{DOCSTART}(\s.*)?|\S+(\s+\S+){{0,2}}\s+(O|[BIES]-\S+)")


def read_files(
    paths: str | Path | Sequence[str | Path],
    *,
    split: str,
    notes: Counter[str],
    format: Format = "auto",
    documents: Documents = "separator",
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
) -> tuple[Sentence, ...]:
    """Sentences of files, folders (their files in order of name, hidden ones left out) and globs, in the order given.

    Where a folder or glob holds an .ann beside its .txt the two count as one, and BRAT's own .conf files as none.

    Raises InputError for a path that leads to no file, for whatever ``read_file`` refuses, and for two files that give one
    sentence id.
    """
    sentences: dict[str, Sentence] = {}
    origin: dict[str, Path] = {}
    for path in [paths] if isinstance(paths, str | Path) else paths:
        for file in expand(path):
            for sentence in read_file(
                file, split=split, notes=notes, format=format, documents=documents, scheme=scheme, labels=labels
            ):
                if sentence.id in sentences:
                    problem = f"sentence id {sentence.id!r} stands in {origin[sentence.id]} too"
                    raise InputError(problem, file=file, hint="give each file of a split its own name, and list it once")
                sentences[sentence.id] = sentence
                origin[sentence.id] = file
    return tuple(sentences.values())


def read_file(
    path: str | Path,
    *,
    split: str,
    notes: Counter[str],
    format: Format = "auto",
    documents: Documents = "separator",
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
) -> list[Sentence]:
    """Sentences of one file. ``auto`` goes by the suffix; a .txt is BRAT if an .ann stands beside it, CoNLL if its first line
    has a tag, otherwise plain text.

    Raises InputError for an unknown format or suffix, and for whatever the format's reader refuses.
    """
    match _detect(Path(path)) if format == "auto" else format:
        case "conll":
            return read_conll(path, split=split, notes=notes, scheme=scheme, labels=labels, documents=documents)
        case "jsonl":
            return read_jsonl(path, split=split, notes=notes, scheme=scheme, labels=labels)
        case "brat":
            return read_brat(Path(path).with_suffix(".txt"), split=split, notes=notes, labels=labels)
        case "text":
            return read_plain(path, split=split)
    raise _unknown(format)


def stream_file(path: str | Path, *, split: str, format: Format = "auto") -> Iterator[Sentence]:
    """The text of one file's sentences, with the ids that ``read_file`` gives them, one after the other: of CoNLL, JSON lines
    and plain text no more than one is held. Labels are not looked at, and ids are not compared.

    Raises InputError as ``read_file``, but for labels and ids.
    """
    match _detect(Path(path)) if format == "auto" else format:
        case "conll":
            return stream_conll(path, split=split)
        case "jsonl":
            return stream_jsonl(path, split=split)
        case "brat":
            found = read_brat(Path(path).with_suffix(".txt"), split=split, notes=Counter())
            return (sentence.withheld() for sentence in found)
        case "text":
            return stream_plain(path, split=split)
    raise _unknown(format)


def _unknown(format: str) -> InputError:
    return InputError(f"unknown format {format!r}", hint=nearest(format, get_args(Format)))


def _detect(path: Path) -> Format:
    suffix = path.suffix.lower()
    if suffix == ".txt":
        if path.with_suffix(".ann").is_file():
            return "brat"
        first = next((line for line in read_lines(path) if line.strip()), "")
        return "conll" if TAGGED.fullmatch(first.strip()) else "text"
    if suffix not in SUFFIXES:
        raise InputError(f"suffix {suffix!r} names no format", file=path, hint="set format to conll, jsonl, brat or text")
    return SUFFIXES[suffix]


def expand(path: str | Path) -> list[Path]:
    """The files that ``path`` stands for, as ``read_files`` says. Raises InputError where there is none."""
    place = Path(path).expanduser()
    if place.is_file():
        return [place]
    found = place.iterdir() if place.is_dir() else (Path(match) for match in glob(str(place), recursive=True))  # noqa: PTH207
    files = sorted(file for file in found if file.is_file() and not file.name.startswith("."))
    if any(file.suffix == ".ann" for file in files):
        texts = {file for file in files if file.suffix == ".txt"}
        files = [f for f in files if f.suffix != ".conf" and not (f.suffix == ".ann" and f.with_suffix(".txt") in texts)]
    if not files:
        raise InputError("no such file" if not place.is_dir() else "no file in this folder", file=path, hint="check the path")
    return files
