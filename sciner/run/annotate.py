"""New text annotated by a tagger that was saved: files in, JSON lines of spans with confidences out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sciner import progress
from sciner.errors import InputError
from sciner.tagger.base import Fitted
from sciner.text.corpus import Example
from sciner.text.formats.jsonl import write_placed_jsonl
from sciner.text.formats.read import expand, stream_file
from sciner.text.formats.recognise import Format
from sciner.text.formats.running import Offsets, Placed
from sciner.text.prediction import Aggregate

BLOCK = 32_768  # sentences given to a tagger at once: whole chunks of its own, so that its batches are those of a run


@dataclass(frozen=True, slots=True)
class Summary:
    """What was annotated, and the wall seconds from text to spans, writing included; loading the tagger is not."""

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
) -> Summary:
    """Write one {"id", "tokens", "spans"} a line for every sentence of ``inputs``, in their order; labels they may hold are
    not looked at. ``out`` is complete or absent. Text and predictions are streamed: what is held is BLOCK sentences, and eight
    bytes of every other one. tokenised: of plain text, a sentence is a line and blanks separate its tokens.

    Raises InputError for whatever cannot be read, and for an id that stands twice, before anything is annotated.
    """
    began = time.perf_counter()
    files = [file for path in inputs for file in expand(path)]
    if out.resolve() in {file.resolve() for file in files}:
        raise InputError("the output would replace its own input", file=out, mend="give another -o")

    def text() -> Iterator[tuple[Path, Placed]]:
        how: dict[str, Any] = {"split": "input", "format": format, "tokenised": tokenised}
        return ((file, placed) for file in files for placed in stream_file(file, **how))

    total = check(text)
    count: Counter[str] = Counter()
    with progress.whole("annotate (sentences)", total):
        write_placed_jsonl(out, examples(fitted, (placed for _, placed in text()), confidence, count))
    return Summary(count["sentences"], count["tokens"], count["spans"], time.perf_counter() - began)


def check(text: Callable[[], Iterator[tuple[Path, Placed]]]) -> int:
    """The number of sentences, once all were read. Raises InputError for what cannot be, and for an id that stands twice."""
    hashes = np.sort(np.fromiter((hash(placed.sentence.id) for _, placed in text()), np.int64))
    suspects = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    origin: dict[str, Path] = {}
    for file, (sentence, _) in text() if suspects else ():
        if hash(sentence.id) in suspects:
            if sentence.id in origin:
                problem = f"sentence id {sentence.id!r} stands in {origin[sentence.id]} too"
                raise InputError(problem, file=file, mend="ids must be unique; list a file once, and give each its own name")
            origin[sentence.id] = file
    return len(hashes)


def examples(
    fitted: Fitted, text: Iterator[Placed], how: Aggregate, count: Counter[str]
) -> Iterator[tuple[Example, Offsets | None]]:
    """The annotated sentences, with the places of their tokens; ``count`` goes along."""
    for block in iter(lambda: list(islice(text, BLOCK)), []):
        for p, placed in zip(fitted.predict([placed.sentence for placed in block]), block, strict=True):
            count["sentences"] += 1
            count["tokens"] += len(p.sentence.tokens)
            count["spans"] += len(p.spans)
            yield Example(p.sentence, p.spans, "predicted", 0, p.span_confidences(how)), placed.offsets
