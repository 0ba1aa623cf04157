"""Files of any known format as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import TypedDict, Unpack, get_args

from sciner.errors import InputError, nearest
from sciner.text.corpus import Sentence
from sciner.text.formats.brat import read_brat
from sciner.text.formats.conll import Documents, read_conll, stream_conll
from sciner.text.formats.jsonl import read_jsonl, stream_jsonl
from sciner.text.formats.plain import read_plain, stream_plain
from sciner.text.formats.recognise import Format, beside, recognise
from sciner.text.formats.repair import Repairs
from sciner.text.formats.running import Placed
from sciner.text.formats.source import home
from sciner.text.spans import Scheme


class Reading(TypedDict, total=False):
    """How files are read: the options of ``read_file``."""

    format: Format
    documents: Documents
    scheme: Scheme | None
    labels: Collection[str] | None
    tokenised: bool
    repair: Repairs


def read_files(
    paths: str | Path | Sequence[str | Path],
    *,
    split: str,
    notes: Counter[str],
    **how: Unpack[Reading],
) -> tuple[Sentence, ...]:
    """Sentences of files, folders (their files in order of name, hidden ones left out) and globs,
    in the order given.

    Where a folder or glob holds an .ann beside its .txt the two count as one, and BRAT's own
    .conf files as none.

    Raises InputError for a path that leads to no file, for whatever ``read_file`` refuses, and
    for two files that give one sentence id.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    files = (file for path in given for file in expand(path))
    return joined_files((file, read_file(file, split=split, notes=notes, **how)) for file in files)


def joined_files(read: Iterable[tuple[Path, Sequence[Sentence]]]) -> tuple[Sentence, ...]:
    """The sentences of files. Raises InputError for two files that give one sentence id."""
    sentences: dict[str, Sentence] = {}
    origin: dict[str, Path] = {}
    for file, found in read:
        for sentence in found:
            if sentence.id in sentences:
                problem = f"sentence id {sentence.id!r} stands in {origin[sentence.id]} too"
                raise InputError(
                    problem,
                    file=file,
                    hint="give each file of a split its own name, and list it once",
                )
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
    tokenised: bool = False,
    repair: Repairs = (),
) -> list[Sentence]:
    """Sentences of one file. ``auto``: see ``recognise``. tokenised: of plain text, see
    ``stream_plain``. repair: of CoNLL and JSON lines, what is mended that is refused otherwise
    (BRAT always keeps the longest of spans that overlap).

    Raises InputError for an unknown format or suffix, and for whatever the format's reader refuses.
    """
    match recognise(Path(path)) if format == "auto" else format:
        case "conll":
            return read_conll(
                path,
                split=split,
                notes=notes,
                scheme=scheme,
                labels=labels,
                documents=documents,
                repair=repair,
            )
        case "jsonl":
            return read_jsonl(
                path, split=split, notes=notes, scheme=scheme, labels=labels, repair=repair
            )
        case "brat":
            return read_brat(beside(Path(path), ".txt"), split=split, notes=notes, labels=labels)
        case "text":
            return read_plain(path, split=split, tokenised=tokenised)
    raise _unknown(format)


def stream_file(
    path: str | Path, *, split: str, format: Format = "auto", tokenised: bool = False
) -> Iterator[Placed]:
    """The text of one file's sentences, with the ids that ``read_file`` gives them, one after the
    other; no more than one is held. Labels are not looked at, and ids are not compared.

    Raises InputError as ``read_file``, but for labels and ids.
    """
    match recognise(Path(path)) if format == "auto" else format:
        case "conll":
            return stream_conll(path, split=split)
        case "jsonl":
            return stream_jsonl(path, split=split)
        case "brat":
            return stream_plain(beside(Path(path), ".txt"), split=split)
        case "text":
            return stream_plain(path, split=split, tokenised=tokenised)
    raise _unknown(format)


def _unknown(format: str) -> InputError:
    return InputError(f"unknown format {format!r}", hint=nearest(format, get_args(Format)))


def expand(path: str | Path) -> list[Path]:
    """The files that ``path`` stands for, as ``read_files`` says. Raises InputError where there is
    none."""
    place = home(path)
    if place.is_file():
        return [place]
    # any path may be a pattern, from the root of the disk too: Path.glob takes relative ones alone
    matches = glob(str(place), recursive=True)  # noqa: PTH207
    found = place.iterdir() if place.is_dir() else map(Path, matches)
    files = sorted(file for file in found if file.is_file() and not file.name.startswith("."))
    if any(file.suffix.lower() == ".ann" for file in files):
        texts = {file.with_suffix("") for file in files if file.suffix.lower() == ".txt"}
        files = [
            f
            for f in files
            if f.suffix != ".conf"
            and not (f.suffix.lower() == ".ann" and f.with_suffix("") in texts)
        ]
    if not files:
        raise InputError(
            "no such file" if not place.is_dir() else "no file in this folder",
            file=path,
            hint="check the path",
        )
    return files
