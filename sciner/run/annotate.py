"""Annotation of new text by a saved tagger: files in, JSON lines of spans with confidences out."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sciner import progress
from sciner.errors import InputError
from sciner.run.ahead import read_ahead
from sciner.tagger.base import Fitted
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import write_placed_jsonl
from sciner.text.formats.read import expand, stream_file
from sciner.text.formats.recognise import Format
from sciner.text.formats.running import READER, Offsets, Placed, cut_share, differ
from sciner.text.prediction import Aggregate

log = logging.getLogger(__name__)
TOKENS = "tokens.json"
# sentences given to a tagger at once: a multiple of its own chunks, so that its batches are the
# same as in a run
BLOCK = 32_768


@dataclass(frozen=True, slots=True)
class Summary:
    """What was annotated.

    Attributes:
        sentences, tokens, spans: their numbers.
        seconds: wall time from text to spans, including writing but not loading the tagger.
    """

    sentences: int
    tokens: int
    spans: int
    seconds: float


def annotate(
    fitted: Fitted,
    inputs: Sequence[str],
    out: Path,
    *,
    format: Format = "auto",
    tokenised: bool = False,
    confidence: Aggregate = "min",
    trained: float | None = None,
) -> Summary:
    """Annotate files and write one {"id", "tokens", "spans"} per line and sentence, in their order.

    Labels in the files are ignored. Text and predictions are streamed: memory holds two blocks of
    BLOCK sentences, and eight bytes for each other sentence.

    Args:
        fitted: the tagger.
        inputs: files, folders or globs.
        out: the file to write; it is either complete or absent.
        format: of the files.
        tokenised: of plain text: each line is a sentence, with spaces between its tokens.
        confidence: how a span's confidence is computed from its tokens'.
        trained: ``tokens_of`` the tagger; a warning follows if the text is tokenised differently.

    Raises:
        InputError: a file cannot be read, or an id occurs twice. In a text of less than BLOCK
            sentences this is found before anything is annotated, in a longer one while the rest is
            read.
    """
    began = time.perf_counter()
    files = [file for path in inputs for file in expand(path)]
    if out.resolve() in {file.resolve() for file in files}:
        raise InputError("the output would replace its input", file=out, hint="give another -o")

    def text() -> Iterator[tuple[Path, Placed]]:
        how: dict[str, Any] = {"split": "input", "format": format, "tokenised": tokenised}
        return ((file, placed) for file in files for placed in stream_file(file, **how))

    count: Counter[str] = Counter()
    with read_ahead(text, BLOCK) as (blocks, checked):
        if trained is not None:
            compare_tokens(trained, (sentence for _, (sentence, _) in text()))
        total = lambda: checked.result() if checked.done() else None  # noqa: E731
        with progress.whole("annotate (sentences)", total):
            write_placed_jsonl(out, examples(fitted, blocks, checked, confidence, count))
    return Summary(count["sentences"], count["tokens"], count["spans"], time.perf_counter() - began)


def note_tokens(folder: Path, train: Sequence[Sentence]) -> None:
    """Write how a tagger's training text is tokenised (``cut_share``) into the tagger's folder."""
    noted = {"cut_share": cut_share(train), "reader": READER}
    (folder / TOKENS).write_text(json.dumps(noted) + "\n", encoding="utf-8")


def tokens_of(folder: Path) -> float | None:
    """What ``note_tokens`` wrote; None if it wrote nothing."""
    try:
        return float(json.loads((folder / TOKENS).read_text(encoding="utf-8"))["cut_share"])
    except (OSError, ValueError, KeyError, TypeError):
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
    blocks: Iterator[list[Placed]],
    checked: Future[int],
    how: Aggregate,
    count: Counter[str],
) -> Iterator[tuple[Example, Offsets | None]]:
    """Yield the annotated sentences with the places of their tokens.

    An error found by ``checked`` is raised as soon as it is known.

    Args:
        fitted: the tagger.
        blocks: the sentences.
        checked: the check of the whole text; the end waits for it.
        how: a span's confidence is computed from its tokens'.
        count: is updated with the numbers of sentences, tokens and spans.
    """
    for block in blocks:
        for p, placed in zip(
            fitted.predict([placed.sentence for placed in block]), block, strict=True
        ):
            if checked.done():
                checked.result()
            count["sentences"] += 1
            count["tokens"] += len(p.sentence.tokens)
            count["spans"] += len(p.spans)
            yield (
                Example(p.sentence, p.spans, "predicted", 0, p.span_confidences(how)),
                placed.offsets,
            )
    checked.result()
