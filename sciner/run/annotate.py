"""New text annotated by a tagger that was saved: files in, JSON lines of spans with confidences out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from sciner import progress
from sciner.errors import InputError
from sciner.tagger.base import Fitted
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import write_examples_jsonl
from sciner.text.formats.read import Format, expand, stream_file
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
    fitted: Fitted, inputs: Sequence[str], out: Path, *, format: Format = "auto", confidence: Aggregate = "min"
) -> Summary:
    """Write one {"id", "tokens", "spans"} a line for every sentence of ``inputs``, in their order; labels they may hold are
    not looked at. ``out`` is complete or absent. Text and predictions are streamed: what is held is BLOCK sentences, eight
    bytes of every other one, and of BRAT a file.

    Raises InputError for whatever cannot be read, and for an id that stands twice, before anything is annotated.
    """
    began = time.perf_counter()
    files = [file for path in inputs for file in expand(path)]
    if out.resolve() in {file.resolve() for file in files}:
        raise InputError("the output would replace its own input", file=out, hint="give another -o")

    def text() -> Iterator[tuple[Path, Sentence]]:
        return ((file, sentence) for file in files for sentence in stream_file(file, split="input", format=format))

    total = check(text)
    count: Counter[str] = Counter()
    with progress.whole("annotate (sentences)", total):
        write_examples_jsonl(out, examples(fitted, (sentence for _, sentence in text()), confidence, count))
    return Summary(count["sentences"], count["tokens"], count["spans"], time.perf_counter() - began)


def check(text: Callable[[], Iterator[tuple[Path, Sentence]]]) -> int:
    """The number of sentences, once all were read. Raises InputError for what cannot be, and for an id that stands twice."""
    hashes = np.sort(np.fromiter((hash(s.id) for _, s in text()), np.int64))
    suspects = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    origin: dict[str, Path] = {}
    for file, sentence in text() if suspects else ():
        if hash(sentence.id) in suspects:
            if sentence.id in origin:
                problem = f"sentence id {sentence.id!r} stands in {origin[sentence.id]} too"
                raise InputError(problem, file=file, hint="ids must be unique; list a file once, and give each its own name")
            origin[sentence.id] = file
    return len(hashes)


def examples(fitted: Fitted, sentences: Iterator[Sentence], how: Aggregate, count: Counter[str]) -> Iterator[Example]:
    """The annotated ``sentences``; ``count`` goes along."""
    for block in iter(lambda: list(islice(sentences, BLOCK)), []):
        for p in fitted.predict(block):
            count["sentences"] += 1
            count["tokens"] += len(p.sentence.tokens)
            count["spans"] += len(p.spans)
            yield Example(p.sentence, p.spans, "predicted", 0, p.span_confidences(how))
