"""JSON lines: one sentence per object, with tags, token spans or running text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.corpus import UNMASKED, Example, Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import check_label, located
from sciner.text.formats.documents import BEGUN, DOCSTART, Parts
from sciner.text.formats.repair import BLANK, Repairs, split_sentences
from sciner.text.formats.row import Row, parse_rows
from sciner.text.formats.running import Placed, count_dropped, joined
from sciner.text.formats.source import read_lines
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import Scheme, Span, encode

# json.dumps with these settings would create an encoder for every row
ROW = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def read_jsonl(
    path: str | Path,
    *,
    split: str,
    notes: Counter[str],
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
    repair: Repairs = (),
) -> list[Sentence]:
    """Read the sentences of a file with one object per line; unknown keys are ignored.

    Tokens: {"tokens": [...]} with "tags": [...], or with "spans": [[start, end, label], ...] in
    tokens. "masked" lists the positions of tokens whose label is not known. A span that contains
    one is not gold, and its other tokens are masked too.

    Running text: {"text": "..."} with "spans" or "entities" in characters. The text is tokenised
    and, unless it has an "id", split into sentences without regard to its spans. A span that cuts a
    token or crosses the end of a sentence is dropped (``Sentence.dropped``). A span may also be
    {"start", "end", "label"}.

    SciERC: {"doc_key": "...", "sentences": [[...], ...], "ner": [[[first, last, label], ...], ...]}
    is a document. Positions count its tokens, both ends inclusive. Of overlapping spans the longest
    is kept.

    Without labels (or with null) a sentence is unlabelled.

    An "id" of the form ``document#index`` is kept. Otherwise the id is ``{split}/{document}#{i}``.
    The document is "document", the "id" of a text if it has another form, or the file's stem; i
    counts its sentences from 0. An object whose only token is -DOCSTART- begins a document. An
    object whose "answer" is "reject" or "ignore" is left out and counted.

    Args:
        path: the file.
        split: the first part of ids that the file does not give.
        notes: counts "tags repaired", the dropped spans and the rows left out.
        scheme: of the tags; None detects it over the whole file.
        labels: the known classes; None allows any.
        repair: what is corrected instead of rejected.

    Raises:
        InputError: the file is not UTF-8, has no sentence, or has invalid JSON, values of a wrong
            type, another number of tags than tokens, spans outside the sentence or overlapping, a
            label outside ``labels``, tags of no scheme or of several, a repeated id, a token with
            white space, or a sentence of more than 2,000 tokens.
    """
    rows: dict[str, tuple[int, Row]] = {}  # by sentence id, with the line
    for number, id_, row in _rows(path, split, notes, repair):
        with located(path, number):
            if row.foreign:
                hint = 'write them as "tags" or "spans", or try sciner data convert'
                raise InputError(f'labels in "{row.foreign}", which is not read', hint=hint)
            for span in row.spans or ():
                check_label(span.label, labels)
            if id_ in rows:
                raise InputError(
                    f"id {id_!r} is on line {rows[id_][0]} too", hint="ids must be unique"
                )
        rows[id_] = number, row
        count_dropped(notes, len(row.dropped), row.overlapping)
        notes.update(+Counter({BLANK: row.blanks}))
    decoded = _decode(rows, path, notes, scheme, labels)
    read = [
        Sentence(id_, row.tokens, decoded.get(id_, row.spans), row.masked, row.dropped)
        for id_, (_, row) in rows.items()
    ]
    return split_sentences(read, notes) if "split_sentences" in repair else read


def stream_jsonl(path: str | Path, *, split: str) -> Iterator[Placed]:
    """Yield the sentences of ``read_jsonl`` without their labels, one at a time.

    Labels are not read, and ids are not compared.

    Raises:
        InputError: see ``read_jsonl``, except for labels and ids.
    """
    return (
        Placed(Sentence(id_, row.tokens), row.offsets)
        for _, id_, row in _rows(path, split, Counter())
    )


def write_jsonl(path: str | Path, sentences: Iterable[Sentence]) -> None:
    """Write one {"id", "tokens", "spans"} per line.

    "spans" is missing if there is no gold; "masked" is added if any token is masked.
    """

    def row(s: Sentence) -> dict[str, Any]:
        mask = {"masked": sorted(s.masked)} if s.masked and s.spans is not None else {}
        return _head(s) | ({} if s.spans is None else {"spans": s.spans}) | mask

    write_lines(path, (_dump(row(s)) for s in sentences))


def write_examples_jsonl(path: str | Path, examples: Iterable[Example]) -> None:
    """Write training examples as ``write_jsonl`` does, with their source and confidences.

    Each span is an object with its confidence (6 digits). Each line has "source", "round", "weight"
    (unless it is 1) and, if tokens are left out of the loss, "masked" and "rejected". "spans" lists
    the spans that are entirely in the loss, "rejected" the others.

    Raises:
        ValueError: a span has no finite confidence.
    """
    write_lines(path, (_dump(_example_row(e)) for e in examples))


def write_placed_jsonl(path: str | Path, examples: Iterable[tuple[Example, Placed]]) -> None:
    """Write examples as ``write_examples_jsonl`` does, with the place of each span.

    "start_char" and "end_char" count characters of the text that the tokens come from; without such
    a text, of the tokens separated by one space. A sentence of a PDF has its "page".

    Args:
        path: the file.
        examples: each with the places of its tokens.
    """

    def rows() -> Iterator[str]:
        for example, placed in examples:
            row = _example_row(example)
            places = placed.offsets or joined(example.sentence.tokens)
            for span in (*row["spans"], *row.get("rejected", ())):
                span |= {
                    "start_char": places[span["start"]][0],
                    "end_char": places[span["end"] - 1][1],
                }
            yield _dump(row if placed.page is None else {**row, "page": placed.page})

    write_lines(path, rows())


def read_examples_jsonl(path: str | Path) -> list[Example]:
    """Read what ``write_examples_jsonl`` wrote; the sentences come without gold.

    Raises:
        InputError: the file was not written by it.
    """
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            continue
        try:
            row = json.loads(line)
            known = sorted([*row["spans"], *row.get("rejected", ())], key=lambda s: int(s["start"]))
            spans = tuple(Span(int(s["start"]), int(s["end"]), str(s["label"])) for s in known)
            sentence = Sentence(str(row["id"]), tuple(map(str, row["tokens"])))
            encode(spans, len(sentence.tokens))
            confidences = tuple(float(span["confidence"]) for span in known)
            masked = frozenset(map(int, row.get("masked", ()))) or UNMASKED
            weight = float(row.get("weight", 1))
            found.append(
                Example(
                    sentence,
                    spans,
                    str(row["source"]),
                    int(row["round"]),
                    confidences,
                    masked,
                    weight,
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"not a sentence written by a run ({type(error).__name__}: {error})"
            raise InputError(problem, file=path, line=number) from None
    return found


def _rows(
    path: str | Path, split: str, notes: Counter[str], repair: Repairs = ()
) -> Iterator[tuple[int, str, Row]]:
    """(line, sentence id, the parsed row) of each sentence."""
    seen: Counter[str] = Counter()
    stem = Path(path).stem
    parts, empty = Parts(), True
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        with located(path, number):
            rows = parse_rows(line, repair)
        if not rows:
            notes["rows left out: they were rejected or ignored"] += 1
        for row in rows:
            if row.tokens == (DOCSTART,):
                notes[BEGUN] += 1
                parts.begin()
                continue
            document = f"{split}/{row.document or stem + parts.suffix}"
            yield number, row.id or f"{document}#{seen[document]}", row
            seen[document] += row.id is None
            parts.hold()
            empty = False
    if empty:
        raise InputError("no sentence in it", file=path, hint="expected one JSON object per line")


def _decode(
    rows: Mapping[str, tuple[int, Row]],
    file: str | Path,
    notes: Counter[str],
    scheme: Scheme | None,
    labels: Collection[str] | None,
) -> dict[str, tuple[Span, ...]]:
    """Spans of the rows that have tags."""
    tagged = {
        id_: TagRow(row.tags, [line] * len(row.tags))
        for id_, (line, row) in rows.items()
        if row.tags is not None
    }
    spans = decode_file(list(tagged.values()), file=file, notes=notes, scheme=scheme, labels=labels)
    return dict(zip(tagged, spans, strict=True))


def _head(sentence: Sentence) -> dict[str, Any]:
    return {"id": sentence.id, "tokens": sentence.tokens}


def _example_row(example: Example) -> dict[str, Any]:
    row = _head(example.sentence)
    sure = set(example.accepted())
    told: dict[bool, list[dict[str, object]]] = {True: [], False: []}
    for span, confidence in zip(example.spans, example.confidences, strict=True):
        told[span in sure].append({**span._asdict(), "confidence": round(float(confidence), 6)})
    row |= {"spans": told[True], "source": example.source, "round": example.round}
    if example.weight != 1:
        row["weight"] = float(example.weight)
    if example.masked:
        row |= {"masked": sorted(example.masked), "rejected": told[False]}
    return row


def _dump(row: Mapping[str, object]) -> str:
    return ROW.encode(row)
