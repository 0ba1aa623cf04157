"""BRAT standoff: running text in ``x.txt``, its annotations by character in ``x.ann``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import check_label, check_length, is_solid, located
from sciner.text.formats.places import explain
from sciner.text.formats.recognise import beside
from sciner.text.formats.record import Mark
from sciner.text.formats.running import count_dropped, longest, pieces
from sciner.text.formats.source import read_lines, read_raw_lines
from sciner.text.spans import Span

BOUND = re.compile(
    r"(T[^\t ]+)\t([^\t ]+) ([0-9]{1,9} [0-9]{1,9}(?:;[0-9]{1,9} [0-9]{1,9})*)\t(.*)"
)
# relations, events, attributes, normalisations, equivalences, comments
OTHER = re.compile(r"[REAMN][^\t]*\t.*|[*#].*")
WHOLE = "discontinuous spans made whole"
FORM = "a span is T1, tab, Label START END, tab, its text"


class Mention(NamedTuple):
    """A text-bound annotation: its span in characters, and whether it consisted of fragments."""

    span: Span
    fragmented: bool


def read_brat(
    path: str | Path, *, split: str, notes: Counter[str], labels: Collection[str] | None = None
) -> list[Sentence]:
    """Read the sentences of a BRAT document.

    Only text-bound annotations (T) are read. A discontinuous one becomes one span, from its first
    fragment to its last, and counts as one mention in scores, as it did for its annotator. Of
    overlapping spans the longest is kept; of equally long ones, the first. The text is split into
    sentences and tokens without regard to its spans. A span that cuts a token or crosses the end of
    a sentence is dropped. Dropped spans are listed in ``Sentence.dropped``.

    A CRLF counts as one character or as two, whichever its spans show.

    Args:
        path: a .txt file with its .ann file beside it.
        split: the first part of the ids, ``{split}/{stem}#{i}``.
        notes: counts "discontinuous spans made whole", "overlapping spans dropped" and the other
            dropped spans.
        labels: the known classes; None allows any.

    Raises:
        InputError: one of the two files is missing or empty, or holds invalid UTF-8, a malformed
            line, a repeated id, offsets outside the text, a text that differs from the one at its
            offsets, a label outside ``labels``, or a sentence of more than 2,000 tokens.
    """
    path = Path(path)
    text, mentions = read_mentions(path, labels)
    spans, lost = longest([mention.span for mention in mentions])
    sentences: list[Sentence] = []
    for piece in pieces(text, spans, lost):
        with located(path, text.count("\n", 0, piece.start) + 1):
            check_length(len(piece.tokens), too_long="start a new line between sentences")
        id_ = f"{split}/{path.stem}#{len(sentences)}"
        sentences.append(Sentence(id_, piece.tokens, piece.spans, dropped=piece.dropped))
    if not sentences:
        raise InputError("no sentence in it", file=path, hint="expected running text")
    notes.update(+Counter({WHOLE: sum(m.fragmented for m in mentions)}))
    count_dropped(notes, sum(len(s.dropped) for s in sentences), len(lost))
    return sentences


def write_brat(directory: str | Path, sentences: Iterable[Sentence]) -> None:
    """Write ``{document}.txt`` and ``{document}.ann`` for every document.

    The text has one sentence per line, with spaces between its tokens. A sentence without gold is
    written as text to be annotated. BRAT does not store tokens and sentences: when it is read
    again, those with punctuation inside may be split differently.

    Args:
        directory: where the files are written.
        sentences: of any number of documents.

    Raises:
        ValueError: a sentence has no tokens, a token or label is empty or contains white space, or
            the name of a document leads out of ``directory``.
    """
    documents: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        documents.setdefault(sentence.document, []).append(sentence)
    for document, members in documents.items():
        parts = PurePosixPath(document).parts
        if not parts or ".." in parts or document.startswith("/"):
            raise ValueError(
                f"BRAT cannot hold {document!r}, which is not the name of a file below the folder"
            )
        place = Path(directory, *parts)
        for member in members:
            _check_writable(member)
        write_lines(place.with_name(f"{place.name}.ann"), _annotations(members))
        write_lines(place.with_name(f"{place.name}.txt"), (" ".join(s.tokens) for s in members))


def read_mentions(
    path: Path, labels: Collection[str] | None, *, two_first: bool = False
) -> tuple[str, list[Mention]]:
    """Read a text and its annotations.

    With Windows line ends some tools count two characters per line end, others one. The count is
    used under which every span is where its text is.

    Args:
        path: the .txt file.
        labels: the known classes; None allows any.
        two_first: if both counts fit, a line end counts as two characters.

    Returns:
        The text and its annotations, in the order of the .ann file.

    Raises:
        InputError: see ``read_brat``.
    """
    whole = "".join(read_raw_lines(path))
    file = beside(path, ".ann")
    readings = dict.fromkeys((whole.replace("\r\n", "\n"), whole))
    faults: list[InputError] = []
    for text in reversed(readings) if two_first else readings:
        try:
            return text, _mentions(file, text, labels)
        except InputError as error:
            faults.append(error)
    raise faults[0]


def _mentions(file: Path, text: str, labels: Collection[str] | None) -> list[Mention]:
    if not file.is_file():
        raise InputError(
            "no annotations beside the text",
            file=file,
            hint="if there are none, create an empty file",
        )
    found: dict[str, Mention] = {}
    for number, line in enumerate(read_lines(file), start=1):
        if not line.strip() or OTHER.fullmatch(line):
            continue
        with located(file, number):
            match = BOUND.fullmatch(line)
            if match is None:
                raise InputError(f"{line[:40]!r} is not a BRAT annotation", hint=FORM)
            id_, label, offsets, surface = match.groups()
            if id_ in found:
                raise InputError(f"{id_} occurs twice", hint="ids must be unique")
            check_label(label, labels)
            found[id_] = _mention(label, offsets, surface, text)
    return list(found.values())


def _mention(label: str, offsets: str, surface: str, text: str) -> Mention:
    """Check one annotation's offsets against the text; raises InputError if they do not fit."""
    fragments = [
        (int(start), int(end)) for start, end in (pair.split(" ") for pair in offsets.split(";"))
    ]
    for start, end in fragments:
        if not start < end <= len(text):
            raise InputError(
                f"{start} {end} is outside the text of {len(text)} characters",
                hint="count characters from 0",
            )
    held = " ".join(text[start:end] for start, end in fragments)
    if not held.strip():
        raise InputError(f"span {offsets} covers only white space", hint="drop it")
    if held.split() != surface.split():
        raise InputError(
            f"the text has {held[:40]!r} there, not {surface[:40]!r}",
            hint=_explained(label, fragments, surface, text) or "count characters from 0",
        )
    start, end = min(fragments)[0], max(end for _, end in fragments)
    whole = text[start:end]
    start, end = end - len(whole.lstrip()), start + len(whole.rstrip())
    return Mention(Span(start, end, label), len(fragments) > 1)


def _explained(label: str, fragments: Sequence[tuple[int, int]], surface: str, text: str) -> str:
    """How the offsets of a contiguous span were counted, if a known miscount explains them."""
    marks = [Mark(start, end, label) for start, end in fragments]
    return explain(text, marks, [surface]) if len(marks) == 1 else ""


def _annotations(sentences: Sequence[Sentence]) -> Iterator[str]:
    offset = number = 0
    for sentence in sentences:
        for start, end, label in sentence.spans or ():
            number += 1
            surface = " ".join(sentence.tokens[start:end])
            begin = offset + sum(len(token) + 1 for token in sentence.tokens[:start])
            yield f"T{number}\t{label} {begin} {begin + len(surface)}\t{surface}"
        offset += sum(len(token) + 1 for token in sentence.tokens)


def _check_writable(sentence: Sentence) -> None:
    if not sentence.tokens:
        raise ValueError(f"BRAT cannot hold {sentence.id}, a sentence without tokens")
    if sentence.masked:
        raise ValueError(f"BRAT cannot hold {sentence.id}, a sentence with masked tokens")
    for text in (*sentence.tokens, *(span.label for span in sentence.spans or ())):
        if not is_solid(text):
            raise ValueError(f"BRAT cannot hold {text!r} of {sentence.id}")
