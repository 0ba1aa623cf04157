"""Accepted silver as one JSON file, written and read a sentence at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any

from sciner.text.corpus import UNMASKED, Example, Sentence
from sciner.text.spans import Span

# json.dumps with these settings makes an encoder for every row
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
DECODER = json.JSONDecoder()
HEAD, ROWS, NEXT, END = '{"scores": ', ', "accepted": [', ", ", "]}"


def write_silver(file: Path, scores: Mapping[str, float], accepted: Iterable[Example]) -> None:
    """Write ``{"scores": {…}, "accepted": [[…], …]}``, as ``json.dumps`` does.

    Raises:
        ValueError: a score is NaN or infinite.
    """
    with file.open("w", encoding="utf-8") as stream:
        stream.write(HEAD + ENCODER.encode(scores) + ROWS)
        for n, example in enumerate(accepted):
            stream.write(NEXT * (n > 0) + ENCODER.encode(row_of(example)))
        stream.write(END)


def read_rows(file: Path) -> tuple[dict[str, float], Iterator[list[Any]]]:
    """Read the scores, and yield each accepted sentence as ``row_of`` made it.

    Raises:
        ValueError: the file is not complete.
    """
    text = file.read_text(encoding="utf-8")
    scores, end = DECODER.raw_decode(text, len(HEAD))

    def rows() -> Iterator[list[Any]]:
        at = end + len(ROWS)
        while not text.startswith(END, at):
            row, at = DECODER.raw_decode(text, at)
            yield row
            at += len(NEXT) * text.startswith(NEXT, at)

    return scores, rows()


def read_silver(
    file: Path, sentences: Mapping[str, Sentence]
) -> tuple[dict[str, float], Iterator[Example]]:
    """What ``write_silver`` wrote, of ``sentences`` by their ids. Raises as ``read_rows``."""
    scores, rows = read_rows(file)
    spans: dict[Span, Span] = {}  # those of a large pool are mostly alike: one object for all
    return scores, (example_of(sentences[row[0]], row, spans) for row in rows)


def row_of(e: Example) -> list[Any]:
    """An accepted sentence as JSON, by its id."""
    return [e.sentence.id, e.spans, e.round, e.confidences, sorted(e.masked), e.weight]


def example_of(sentence: Sentence, row: list[Any], known: dict[Span, Span]) -> Example:
    """What ``row_of`` wrote of ``sentence``. known: spans that are used again."""
    _, spans, round, confidences, masked, weight = row
    # JSON gives every label a string of its own
    told = (Span(start, end, intern(label)) for start, end, label in spans)
    own = tuple(known.setdefault(span, span) for span in told)
    mask = frozenset(masked) or UNMASKED
    return Example(sentence, own, "silver", round, tuple(confidences), mask, weight)
