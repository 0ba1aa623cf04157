"""New text annotated by a tagger that was saved: files in, JSON lines of spans with confidences
out."""

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
# sentences given to a tagger at once: whole chunks of its own, so that its batches are those of a
# run
BLOCK = 32_768


@dataclass(frozen=True, slots=True)
class Summary:
    """What was annotated, and the wall seconds from text to spans, writing included; loading the
    tagger is not."""

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
    """Write one {"id", "tokens", "spans"} a line for every sentence of ``inputs``, in their order;
    labels they may hold are not looked at. ``out`` is complete or absent. Text and predictions are
    streamed: what is held is two blocks of BLOCK sentences, and eight bytes of every other one.
    tokenised: of plain text, a sentence is a line and blanks separate its tokens. trained: what
    ``tokens_of`` says of the text that the tagger was trained on; other tokens are warned of.

    Raises InputError for whatever cannot be read, and for an id that stands twice: in a text of
    less than BLOCK sentences before anything is annotated, in a longer one as soon as the thread
    that reads it to its end meets it.
    """
    began = time.perf_counter()
    files = [file for path in inputs for file in expand(path)]
    if out.resolve() in {file.resolve() for file in files}:
        raise InputError("the output would replace its own input", file=out, hint="give another -o")

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
    """Write into the folder of a saved tagger how the text is tokenised that it was trained on
    (``cut_share``)."""
    noted = {"cut_share": cut_share(train), "reader": READER}
    (folder / TOKENS).write_text(json.dumps(noted) + "\n", encoding="utf-8")


def tokens_of(folder: Path) -> float | None:
    """What ``note_tokens`` wrote there; None where it did not."""
    try:
        return float(json.loads((folder / TOKENS).read_text(encoding="utf-8"))["cut_share"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def compare_tokens(trained: float, text: Iterator[Sentence]) -> None:
    """Warn of text that seems to be tokenised in another way than the training text."""
    share = cut_share(list(islice(text, 2000)))
    if differ(share, trained):
        log.warning(
            "the text is tokenised in another way than that which the tagger was trained on: of "
            "its tokens %.0f%% hold "
            "punctuation that sciner would cut off, of the training text's %.0f%%",
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
    """The annotated sentences, with the places of their tokens; ``count`` goes along. Raises what
    ``checked`` does as soon as it is known; the end waits for it."""
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
