"""Annotation of new text by a saved tagger: files in, one file of spans with confidences out."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from sciner import progress
from sciner.errors import InputError
from sciner.policy.threshold.resolved import Resolved
from sciner.run.ahead import InFile, read_ahead
from sciner.run.annotated import (
    COUNTED,
    ROOT,
    Annotated,
    counted,
    labelled,
    records_of,
    text_of,
)
from sciner.run.saved import TOKENS
from sciner.tagger.base import Fitted
from sciner.text.corpus import Sentence
from sciner.text.formats.atomic import complete, write_lines
from sciner.text.formats.exchange.base import Exchange
from sciner.text.formats.fit import fit
from sciner.text.formats.jsonl import write_placed_jsonl
from sciner.text.formats.pdf import extract, is_pdf, pdf_text
from sciner.text.formats.read import stream_file
from sciner.text.formats.recognise import Format
from sciner.text.formats.running import READER, cut_share, differ
from sciner.text.formats.texts import READABLE, Text, find_texts, said
from sciner.text.prediction import Aggregate

log = logging.getLogger(__name__)
# sentences given to a tagger at once: a multiple of its own chunks, so that its batches are the
# same as in a run
BLOCK = 32_768


@dataclass(frozen=True, slots=True)
class Settings:
    """How text is read, annotated and written.

    Attributes:
        format: of the input.
        tokenised: of plain text: each line is a sentence, with spaces between its tokens.
        confidence: how the confidence of a span is computed from the confidences of its tokens.
        threshold: which spans are kept; None keeps all.
        trained: ``tokens_of`` the tagger; a warning follows if the text is tokenised differently.
        to: the format of the output; None writes JSON lines of sentences.
    """

    format: Format = "auto"
    tokenised: bool = False
    confidence: Aggregate = "min"
    threshold: Resolved | None = None
    trained: float | None = None
    to: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was annotated.

    Attributes:
        sentences, tokens, spans: their numbers.
        rejected: the number of spans below the threshold.
        seconds: wall time from text to spans, including writing but not loading the tagger.
        files: what was annotated, by suffix (``texts.said``).
        skipped: how many files were annotated before.
        notes: files that were left out, and other remarks of the readers, with their counts.
        lost: what the format of the output cannot store.
    """

    sentences: int
    tokens: int
    spans: int
    rejected: int
    seconds: float
    files: str
    skipped: int
    notes: Counter[str]
    lost: Counter[str]


def annotate(
    fitted: Fitted,
    inputs: Sequence[str],
    out: Path,
    settings: Settings = Settings(),
) -> Summary:
    """Annotate files and write one file, with the sentences in their order.

    JSON lines have one {"id", "tokens", "spans"} per sentence. For them text and predictions are
    streamed: memory holds two blocks of BLOCK sentences, and eight bytes for each other sentence.
    Labels in the files are ignored. The text of PDF files is written into a folder beside ``out``,
    which has its name with the suffix .texts.

    Args:
        fitted: the tagger.
        inputs: files, folders or globs.
        out: the file to write; it is either complete or absent.
        settings: of the annotation.

    Raises:
        InputError: a file cannot be read, or an id occurs twice. In a text of less than BLOCK
            sentences this is found before anything is annotated, in a longer one while the rest is
            read. Or the format has no single file.
    """
    began = time.perf_counter()
    notes, lost, count = Counter[str](), Counter[str](), Counter[str]()
    texts = find(inputs, settings, notes)
    if out.resolve() in {text.file.resolve() for text in texts}:
        raise InputError("the output would replace its input", file=out, hint="give another -o")
    if settings.to and not settings.to.suffix:
        problem = f"{settings.to.title} has a file for each document"
        raise InputError(problem, file=out, hint="name a folder: sciner annotate MODEL INPUT… OUT/")
    pdfs = [text for text in texts if is_pdf(text.file, settings.format)]
    extract([text.file for text in pdfs], notes)
    with annotated(fitted, texts, settings) as sentences:
        write(out, counted(sentences, count), settings, lost)
    for text in pdfs:
        place = out.with_suffix(".texts") / text.folder / f"{text.file.stem}.txt"
        write_lines(place, pdf_text(text.file).text.splitlines())
    numbers = {key: count[key] for key in COUNTED}
    seconds = time.perf_counter() - began
    return Summary(**numbers, seconds=seconds, files=said(texts), skipped=0, notes=notes, lost=lost)


def find(inputs: Sequence[str], settings: Settings, notes: Counter[str]) -> list[Text]:
    """The files to annotate; with a format that is given, all files of folders and globs."""
    return find_texts(inputs, notes, READABLE if settings.format == "auto" else None)


@contextmanager
def annotated(
    fitted: Fitted,
    texts: Sequence[Text],
    settings: Settings,
    description: progress.Description = "annotate (sentences)",
) -> Iterator[Iterator[Annotated]]:
    """Yield the annotated sentences of files, in their order.

    Args:
        fitted: the tagger.
        texts: the files.
        settings: of the annotation.
        description: of the progress.
    """

    def text() -> Iterator[InFile]:
        for one in texts:
            for placed in stream_file(
                one.file,
                split=one.below(ROOT),
                format=settings.format,
                tokenised=settings.tokenised,
            ):
                yield one.file, placed

    with read_ahead(text, BLOCK) as (blocks, checked):
        if settings.trained is not None:
            compare_tokens(settings.trained, (placed.sentence for _, placed in text()))
        total = lambda: checked.result() if checked.done() else None  # noqa: E731
        with progress.whole(description, total):
            yield examples(fitted, blocks, checked, settings.threshold, settings.confidence)


def write(
    out: Path, sentences: Iterable[Annotated], settings: Settings, lost: Counter[str]
) -> None:
    """Write annotated sentences into one file.

    Args:
        out: the file; it is either complete or absent.
        sentences: of one or several files.
        settings: of the annotation.
        lost: counts what the format cannot store.
    """
    if settings.to is None:
        write_placed_jsonl(out, ((one.example, one.placed) for one in sentences))
        return
    records = [
        record
        for file, group in groupby(sentences, key=lambda one: one.file)
        for record in records_of(
            list(group),
            text_of(file, settings.format),
            whole="edges" in settings.to.holds,
            root=f"{ROOT}/",
            lost=lost,
        )
    ]
    assert settings.to.write
    with complete(out) as unfinished:
        settings.to.write(unfinished, fit(records, settings.to.holds, lost))


def note_tokens(folder: Path, train: Sequence[Sentence]) -> None:
    """Write how a tagger's training text is tokenised (``cut_share``) into the tagger's folder."""
    noted = {"cut_share": cut_share(train), "reader": READER}
    (folder / TOKENS).write_text(json.dumps(noted) + "\n", encoding="utf-8")


def tokens_of(folder: Path) -> float | None:
    """What ``note_tokens`` wrote; None if it wrote nothing."""
    try:
        return float(json.loads((folder / TOKENS).read_text(encoding="utf-8"))["cut_share"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def compare_tokens(trained: float, text: Iterator[Sentence]) -> None:
    """Warn of text that seems to be tokenised differently than the training text."""
    share = cut_share(list(islice(text, 2000)))
    if differ(share, trained):
        log.warning(
            "the text is tokenised differently than the tagger's training text: sciner would split "
            "punctuation from %.0f%% of its tokens, but from %.0f%% of the training tokens",
            100 * share,
            100 * trained,
        )


def examples(
    fitted: Fitted,
    blocks: Iterator[list[InFile]],
    checked: Future[int],
    threshold: Resolved | None,
    how: Aggregate,
) -> Iterator[Annotated]:
    """Yield the annotated sentences.

    An error found by ``checked`` is raised as soon as it is known.

    Args:
        fitted: the tagger.
        blocks: the sentences.
        checked: the check of the whole text; the end waits for it.
        threshold: which spans are kept; None keeps all.
        how: the confidence of a span is computed from the confidences of its tokens.
    """
    for block in blocks:
        predictions = fitted.predict([placed.sentence for _, placed in block])
        for p, (file, placed) in zip(predictions, block, strict=True):
            if checked.done():
                checked.result()
            yield Annotated(file, placed, labelled(p, threshold, how))
    checked.result()
