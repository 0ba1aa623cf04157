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
from sciner.text.formats.pdf import extract, is_pdf, stream_pdf
from sciner.text.formats.plain import read_plain, stream_plain
from sciner.text.formats.recognise import Format, beside, recognise
from sciner.text.formats.repair import Repairs
from sciner.text.formats.running import Placed
from sciner.text.formats.source import home, with_name
from sciner.text.formats.texts import Text, without_pairs
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
    """Read the sentences of files, folders and globs, in the given order.

    A folder's files are read in order of name, hidden ones left out. If a folder or glob has an
    .ann beside its .txt, the two count as one file, and BRAT's own .conf files are skipped.

    Args:
        paths: one or several.
        split: see ``read_file``.
        notes: counts what readers repaired or left out.
        **how: see ``Reading``.

    Raises:
        InputError: a path leads to no file, two files give the same sentence id, or ``read_file``
            raises it.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    files = (file for path in given for file in expand(path))
    return joined_files((file, read_file(file, split=split, notes=notes, **how)) for file in files)


def read_texts(
    texts: Sequence[Text], *, notes: Counter[str], tokenised: bool
) -> tuple[Sentence, ...]:
    """Read the unlabelled sentences of files, in the given order.

    Args:
        texts: what ``find_texts`` found.
        notes: counts what readers repaired or left out.
        tokenised: see ``read_file``.

    Raises:
        InputError: two files give the same sentence id, or ``extract`` or ``read_file`` raises it.
    """
    extract([text.file for text in texts if is_pdf(text.file)], notes)
    how: Reading = {"tokenised": tokenised}
    read = (
        (text.file, read_file(text.file, split=text.below("unlabelled"), notes=notes, **how))
        for text in texts
    )
    return tuple(sentence.withheld() for sentence in joined_files(read))


def joined_files(read: Iterable[tuple[Path, Sequence[Sentence]]]) -> tuple[Sentence, ...]:
    """Join the sentences of files.

    Raises:
        InputError: two files give the same sentence id.
    """
    sentences: dict[str, Sentence] = {}
    origin: dict[str, Path] = {}
    for file, found in read:
        for sentence in found:
            if sentence.id in sentences:
                problem = f"sentence id {sentence.id!r} is in {origin[sentence.id]} too"
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
    """Read the sentences of one file.

    Args:
        path: the file.
        split: the first part of ids that the file does not give.
        notes: counts what the reader repaired or left out.
        format: ``auto`` recognises it (``recognise``).
        documents: of CoNLL: what begins a document (``read_conll``).
        scheme: of the tags; None detects it.
        labels: the known classes; None allows any.
        tokenised: of plain text: spaces separate its tokens (``stream_plain``).
        repair: of CoNLL and JSON lines: what is corrected instead of rejected. BRAT always keeps
            the longest of overlapping spans.

    Raises:
        InputError: the format or suffix is unknown, or the format's reader raises it.
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
        case "pdf":
            return [placed.sentence for placed in stream_pdf(path, split=split)]
    raise _unknown(format)


def stream_file(
    path: str | Path, *, split: str, format: Format = "auto", tokenised: bool = False
) -> Iterator[Placed]:
    """Yield the sentences of one file without labels, one at a time, with ``read_file``'s ids.

    Labels are not read, and ids are not compared.

    Raises:
        InputError: see ``read_file``, except for labels and ids.
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
        case "pdf":
            return stream_pdf(path, split=split)
    raise _unknown(format)


def _unknown(format: str) -> InputError:
    return InputError(f"unknown format {format!r}", hint=nearest(format, get_args(Format)))


def expand(path: str | Path) -> list[Path]:
    """List the files of a path, as ``read_files`` describes.

    Raises:
        InputError: there is none.
    """
    place = home(path)
    if place.is_file():
        return [with_name(place)]
    # a pattern may be absolute, which Path.glob does not accept
    matches = glob(str(place), recursive=True)  # noqa: PTH207
    found = place.iterdir() if place.is_dir() else map(Path, matches)
    files = sorted(file for file in found if file.is_file() and not file.name.startswith("."))
    if any(file.suffix.lower() == ".ann" for file in files):
        files = [file for file in without_pairs(files, ".ann") if file.suffix != ".conf"]
    if not files:
        raise InputError(
            "no such file" if not place.is_dir() else "no file in this folder",
            file=path,
            hint="check the path",
        )
    return [with_name(file) for file in files]
