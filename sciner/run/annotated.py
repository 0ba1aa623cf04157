"""Annotated sentences, and their files as records of annotation tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sciner.policy.threshold.resolved import Resolved
from sciner.text.corpus import UNMASKED, Example
from sciner.text.formats.fit import SPACES
from sciner.text.formats.pdf import pdf_text
from sciner.text.formats.recognise import Format, beside, recognise
from sciner.text.formats.record import Mark, Record
from sciner.text.formats.running import Offsets, Placed, joined
from sciner.text.formats.source import read_raw_lines
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span

ROOT = "input"  # how the ids of sentences begin whose file gives none
COUNTED = ("sentences", "tokens", "spans", "rejected")
REJECTED = "spans below the threshold left out"


class Annotated(NamedTuple):
    """An annotated sentence.

    Attributes:
        file: where it was read.
        placed: the sentence and the places of its tokens.
        example: its labels; tokens below the threshold are masked.
    """

    file: Path
    placed: Placed
    example: Example


def labelled(p: Prediction, threshold: Resolved | None, how: Aggregate) -> Example:
    """A prediction as labels.

    Args:
        p: the prediction.
        threshold: tokens below it are masked; None masks none.
        how: the confidence of a span is computed from the confidences of its tokens.
    """
    masked = (threshold.masked(p) if threshold else None) or UNMASKED
    return Example(p.sentence, p.spans, "predicted", 0, p.span_confidences(how), masked)


def counted(sentences: Iterable[Annotated], count: Counter[str]) -> Iterator[Annotated]:
    """Yield annotated sentences, and count them and their tokens and spans.

    Args:
        sentences: to be counted.
        count: is given the numbers of COUNTED when all are yielded; "rejected" are the spans below
            the threshold.
    """
    number = tokens = proposed = kept = 0
    for one in sentences:
        number += 1
        tokens += len(one.example.sentence.tokens)
        proposed += len(one.example.spans)
        kept += len(one.example.accepted())
        yield one
    count.update(sentences=number, tokens=tokens, spans=kept, rejected=proposed - kept)


def has_text(file: Path, format: Format) -> bool:
    """Whether a file is one text, and not sentences of any number of documents."""
    return (recognise(file) if format == "auto" else format) in ("text", "brat", "pdf")


def text_of(file: Path, format: Format) -> str | None:
    """The text in which the offsets of a file's tokens count; None if each sentence has its own."""
    match recognise(file) if format == "auto" else format:
        case "text":
            return "".join(read_raw_lines(file))
        case "brat":
            return "".join(read_raw_lines(beside(file, ".txt")))
        case "pdf":
            return pdf_text(file).text
    return None


def records_of(
    sentences: Sequence[Annotated], text: str | None, *, whole: bool, root: str, lost: Counter[str]
) -> Iterator[Record]:
    """Yield the records of a file.

    Args:
        sentences: of the file; at least one.
        text: of the file, if there is one (``text_of``).
        whole: yield the text as one record, so that its offsets stay; otherwise, and without a
            text, a record is a sentence.
        root: the beginning of the ids that is left out.
        lost: counts the spans below the threshold, which are left out, and the sentences of JSON
            objects whose white space is.
    """
    for one in sentences:
        lost.update(+Counter({REJECTED: len(one.example.spans) - len(one.example.accepted())}))
    if text is not None and whole:
        tokens = tuple(place for one in sentences for place in one.placed.offsets or ())
        marks = tuple(
            mark
            for one in sentences
            for mark in marks_of(kept(one.example), one.placed.offsets or ())
        )
        document = sentences[0].placed.sentence.document
        yield Record(document.removeprefix(root), text, marks, tokens)
        return
    for one in sentences:
        sentence, offsets = one.placed.sentence, one.placed.offsets
        begin = offsets[0][0] if offsets else 0
        tokens = tuple((a - begin, b - begin) for a, b in offsets or joined(sentence.tokens))
        if text is None:
            shown, given, tokens = " ".join(sentence.tokens), tokens, joined(sentence.tokens)
            lost.update(+Counter({SPACES: given != tokens}))
        else:
            shown = text[begin : begin + tokens[-1][1]]
        marks = tuple(marks_of(kept(one.example), tokens))
        yield Record(sentence.id.removeprefix(root), shown, marks, tokens)


def kept(example: Example) -> tuple[tuple[Span, float], ...]:
    """The accepted spans of a sentence, each with its confidence in 6 digits."""
    accepted = set(example.accepted())
    pairs = zip(example.spans, example.confidences, strict=True)
    return tuple((span, round(float(sure), 6)) for span, sure in pairs if span in accepted)


def marks_of(spans: Iterable[tuple[Span, float]], tokens: Offsets) -> Iterator[Mark]:
    """Spans in characters, with their confidences."""
    for span, sure in spans:
        yield Mark(tokens[span.start][0], tokens[span.end - 1][1], span.label, sure)
