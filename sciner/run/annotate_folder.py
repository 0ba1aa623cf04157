"""Annotation of many files into a folder, which can be interrupted and continued."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.run.annotate import Settings, Summary, annotated, find
from sciner.run.annotated import COUNTED, ROOT, Annotated, counted, has_text, records_of, text_of
from sciner.run.manifest import NAME, Manifest, locked
from sciner.tagger.base import Fitted
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.fit import fit
from sciner.text.formats.jsonl import write_placed_jsonl
from sciner.text.formats.pdf import extract, is_pdf, pdf_text
from sciner.text.formats.recognise import beside
from sciner.text.formats.source import home
from sciner.text.formats.texts import Text, said

UNFINISHED = ".unfinished"  # a folder in the output folder


def annotate_folder(
    open_tagger: Callable[[], Fitted],
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    by: dict[str, Any],
) -> Summary:
    """Annotate files and write one output for each, with the same relative path.

    A file that has been annotated before, with the same content, tagger and settings, is skipped. A
    finished output is complete; one that was interrupted is absent. Files share batches.

    Args:
        open_tagger: called if there is anything to annotate.
        inputs: files, folders or globs.
        out: the folder of the outputs and of their manifest.
        settings: of the annotation.
        by: what identifies the tagger and the settings in the manifest.

    Raises:
        InputError: a file cannot be read, two have the same output, or ``out`` contains an input,
            lies in one, or has files but no manifest.
    """
    began = time.perf_counter()
    notes, lost, count = Counter[str](), Counter[str](), Counter[str]()
    texts = find(inputs, settings, notes)
    check_places(inputs, texts, out, settings)
    with locked(out):
        manifest = Manifest(out, by)
        digests = {text.file: digest_of(text) for text in texts}
        new = [text for text in texts if not manifest.has(text.path, digests[text.file])]
        extract([text.file for text in new if is_pdf(text.file, settings.format)], notes)
        scratch = out / UNFINISHED
        try:
            if new:
                with closing(written(open_tagger(), new, settings, scratch, lost)) as done:
                    for text, tally, seconds in done:
                        files = [file for file in sorted(scratch.rglob("*")) if file.is_file()]
                        places = [out / text.folder / file.relative_to(scratch) for file in files]
                        # in this order, what exists is always listed, and as what it is
                        for place in places:
                            place.unlink(missing_ok=True)
                        manifest.add(text.path, digests[text.file], places, tally, seconds)
                        for file, place in zip(files, places, strict=True):
                            place.parent.mkdir(parents=True, exist_ok=True)
                            file.replace(place)
                        count += tally
                manifest.write()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return Summary(
        **{key: count[key] for key in COUNTED},
        seconds=time.perf_counter() - began,
        files=said(new),
        skipped=len(texts) - len(new),
        notes=notes,
        lost=lost,
    )


def check_places(
    inputs: Sequence[str], texts: Sequence[Text], out: Path, settings: Settings
) -> None:
    """Raise InputError if ``out`` is not for outputs alone, or two inputs have one output."""
    if out.exists() and not out.is_dir():
        raise InputError("not a folder", file=out, hint="name a folder, or a file with -o FILE")
    shown = out.is_dir() and any(not file.name.startswith(".") for file in out.iterdir())
    if shown and not (out / NAME).is_file():
        problem = "it has files that no sciner annotate has written"
        raise InputError(problem, file=out, hint="name a new folder as the last word")
    place = out.resolve()
    searched = [folder for path in inputs if (folder := home(path)).is_dir()]
    if any(place.is_relative_to(folder.resolve()) for folder in searched) or any(
        text.file.resolve().is_relative_to(place) for text in texts
    ):
        raise InputError("inputs and outputs would be mixed", file=out, hint="name another folder")
    first: dict[Path, Text] = {}
    for text in texts:
        other = first.setdefault(Path(text.folder, text.file.stem), text)
        if other is not text:
            problem = f"its output would have the same name as that of {other.file}"
            raise InputError(problem, file=text.file, hint="rename it, or leave one of them out")
    if settings.to is None or settings.to.suffix:
        return
    # of a file with several documents, the outputs get a folder with the name of the file
    folders = {
        place: text for place, text in first.items() if not has_text(text.file, settings.format)
    }
    for text in texts:
        for place in (Path(text.folder), *Path(text.folder).parents):
            if place in folders:
                problem = f"its output would be among those of {folders[place].file}"
                raise InputError(
                    problem, file=text.file, hint="rename that file, or leave one of them out"
                )


def digest_of(text: Text) -> str:
    """The checksum of a file; of BRAT, of the text.

    Raises:
        InputError: it cannot be read.
    """
    try:
        is_brat = text.file.suffix.lower() == ".ann"
        return checksum(beside(text.file, ".txt") if is_brat else text.file)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=error.filename, hint="check the path"
        ) from None


def written(
    fitted: Fitted, texts: Sequence[Text], settings: Settings, scratch: Path, lost: Counter[str]
) -> Generator[tuple[Text, Counter[str], float]]:
    """Annotate files and write the outputs of each into ``scratch``, which is empty before.

    Yields:
        The file when its outputs are written, what they contain, and the seconds since the file
        before it.
    """
    by_file = {text.file: text for text in texts}
    done = 0

    def description() -> str:
        return f"{done:,} of {len(texts):,} files (sentences)"

    began = time.perf_counter()
    with annotated(fitted, texts, settings, description) as sentences:
        for file, group in groupby(sentences, key=lambda one: one.file):
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            tally = Counter[str]()
            write_one(scratch, by_file[file], counted(group, tally), settings, lost)
            done += 1
            yield by_file[file], tally, time.perf_counter() - began
            began = time.perf_counter()


def write_one(
    folder: Path,
    text: Text,
    sentences: Iterable[Annotated],
    settings: Settings,
    lost: Counter[str],
) -> None:
    """Write the outputs of a file into ``folder``."""
    name = text.file.stem
    if settings.to is None:
        placed = ((one.example, one.placed) for one in sentences)
        write_placed_jsonl(folder / f"{name}.jsonl", placed)
    else:
        to, source = settings.to, text_of(text.file, settings.format)
        # a document's file is named after it, and its folder is known
        root = f"{ROOT}/" if to.suffix else f"{text.below(ROOT)}/"
        records = records_of(
            list(sentences), source, whole="edges" in to.holds, root=root, lost=lost
        )
        place = folder / f"{name}{to.suffix}" if to.suffix or source is None else folder
        assert to.write
        to.write(place, fit(records, to.holds, lost))
    if is_pdf(text.file, settings.format):
        write_lines(folder / f"{name}.txt", pdf_text(text.file).text.splitlines())
