"""Conversion of files of text and labels from one format to another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import sciner.text.formats.exchange  # noqa: F401  (registers the formats)
from sciner.errors import InputError
from sciner.text.formats.atomic import complete
from sciner.text.formats.exchange.base import EXCHANGES, Exchange, Head, find_exchange
from sciner.text.formats.fit import fit
from sciner.text.formats.pdf import extract, is_pdf
from sciner.text.formats.recognise import SUFFIXES, UnknownSuffix, recognise
from sciner.text.formats.record import Record
from sciner.text.formats.source import home, read_raw_lines
from sciner.text.formats.texts import READABLE, Text, find_texts, left_out

HEAD = 4000


def convert(
    source: str, out: str | Path, *, to: str, origin: str | None = None
) -> tuple[int, Counter[str], Counter[str]]:
    """Write the texts of label files in another format.

    Everything is read and checked before anything is written, and ``out`` is either complete or
    absent.

    Args:
        source: a file, folder (with its subfolders) or glob.
        out: the new file, or a new folder if the format has one file per document.
        to: the name of the new format.
        origin: the name of the format of ``source``; None recognises it for each file.

    Returns:
        The number of texts written, what was left out when reading (counts by kind), and what the
        new format cannot store (counts by kind).

    Raises:
        InputError: something cannot be read or written.
    """
    target = find_exchange(to)
    if target.write is None:
        raise InputError(f"{target.title} cannot be written", hint="choose another --format")
    read: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    texts = find_texts(source, read, readable=None)
    place = home(out)
    if place.resolve() in {text.file.resolve() for text in texts}:
        raise InputError("the output would replace its input", file=out, hint="choose another name")
    if place.is_dir() and (target.suffix or any(place.iterdir())):
        raise InputError("there is a folder of that name", file=out, hint="choose another name")
    if origin is None and not home(source).is_file():
        texts = known_texts(texts, read)
    extract([text.file for text in texts if is_pdf(text.file, origin or "auto")], read)
    records = _unique(read_records(texts, origin, read))
    fitted = fit(records, target.holds, lost)
    if not fitted:
        raise InputError("there is no text in it", file=source, hint="is it the right file?")
    with complete(place) as unfinished:
        target.write(unfinished, fitted)
    return len(fitted), read, lost


def writer_of(out: str | Path, name: str | None = None) -> Exchange:
    """The format in which ``out`` is written: ``name``, or what its suffix says.

    Raises InputError for an unknown name, and for a suffix that several formats have, or none.
    """
    if name is not None:
        return find_exchange(name)
    suffix = Path(out).suffix.lower()
    writable = [exchange for exchange in EXCHANGES.values() if exchange.write]
    if SUFFIXES.get(suffix) == "conll":
        return find_exchange("conll")
    # a .txt may be anything
    fitting = [exchange for exchange in writable if exchange.suffix == suffix != ".txt"]
    if len(fitting) == 1:
        return find_exchange(fitting[0].name)
    names = ", ".join(sorted(exchange.name for exchange in fitting or writable))
    raise InputError(
        "its name does not say in which format to write it",
        file=out,
        hint=f"add --format with one of {names}",
    )


def read_records(
    texts: Iterable[Text], origin: str | None, notes: Counter[str]
) -> Iterator[tuple[Path, Record]]:
    """Yield the texts of files, in their order, each with its file.

    An id that begins with the name of a file in a subfolder also gets the name of the folder.

    Args:
        texts: the files.
        origin: the name of their format; None recognises it for each file.
        notes: counts what is left out.
    """
    for text in texts:
        exchange = find_exchange(origin) if origin else told(text.file)
        for record in exchange.read(text.file, notes):
            if text.folder and record.id.startswith(text.file.stem):
                record = replace(record, id=f"{text.folder}/{record.id}")
            yield text.file, record


def known_texts(texts: Iterable[Text], notes: Counter[str]) -> list[Text]:
    """The files of a folder whose format is known by suffix or content; others are counted."""
    found = []
    for text in texts:
        if (suffix := text.file.suffix.lower()) not in READABLE:
            try:
                told(text.file)
            except InputError:
                notes[left_out(suffix)] += 1
                continue
        found.append(text)
    return found


def told(file: Path) -> Exchange:
    """Recognise the format of a file by its suffix and its first lines.

    Raises:
        InputError: no format fits, or several do.
    """
    head = _head(file)
    fitting = [exchange for exchange in EXCHANGES.values() if exchange.recognise(head)]
    if len(fitting) == 1:
        return find_exchange(fitting[0].name)
    if len(fitting) > 1:
        names = " or ".join(sorted(exchange.name for exchange in fitting))
        raise InputError("several formats fit", file=file, hint=f"add --from {names}")
    try:
        return find_exchange(recognise(file))
    except UnknownSuffix:
        names = ", ".join(sorted(EXCHANGES))
        raise InputError(
            "the format is unknown", file=file, hint=f"add --from with one of {names}"
        ) from None


def _head(file: Path) -> Head:
    text = ""
    try:
        for line in read_raw_lines(file):
            text += line
            if len(text) >= HEAD:
                break
    except InputError:  # not UTF-8: a binary format
        with file.open("rb") as raw:
            return Head(file.suffix.lower(), raw.read(HEAD).decode("latin-1"), {})
    start = text.find("{")
    first: object = {}
    if start >= 0 and not text[:start].strip(" \t\r\n["):
        try:
            first, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            first = {}
    return Head(file.suffix.lower(), text[:HEAD], first if isinstance(first, dict) else {})


def _unique(read: Iterator[tuple[Path, Record]]) -> list[Record]:
    """The texts; raises InputError if two have the same id."""
    found: dict[str, tuple[Path, Record]] = {}
    for file, record in read:
        if record.id in found:
            problem = f"the id {record.id!r} occurs twice (in {found[record.id][0]} too)"
            raise InputError(problem, file=file, hint="ids must be unique")
        found[record.id] = file, record
    return [record for _, record in found.values()]
