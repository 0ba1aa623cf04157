"""JSON lines: a sentence an object, with tags, token spans or running text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from sciner.errors import InputError
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import check_label, located
from sciner.text.formats.row import Row, parse_row
from sciner.text.formats.source import read_lines
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import Scheme, Span, encode


def read_jsonl(
    path: str | Path,
    *,
    split: str,
    notes: Counter[str],
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
) -> list[Sentence]:
    """Sentences of a file with one object a line; blank lines and further keys are ignored.

    {"tokens": [...]} with "tags": [...] or "spans": [[start, end, label], ...] in tokens; otherwise {"text": "..."} with
    "spans" or "entities" in characters. A span may also be {"start", "end", "label"}. Without any of them (or with null) a
    sentence is unlabelled. "id" (``document#index``) is kept; without it the id is ``{split}/{document}#{i}``, the document
    being "document" or the file's stem and i counting its sentences from 0.

    notes counts "tags repaired" and "tokens split at a span edge". Raises InputError for a file that is not UTF-8 or holds
    no sentence, invalid JSON, wrong types, tags that are not one a token, spans outside the sentence or overlapping, a label
    outside ``labels``, tags of no or of several schemes, an id that stands twice, a token with white space, a sentence of
    more than 2,000 tokens.
    """
    rows: dict[str, tuple[int, Row]] = {}  # by sentence id, with the line
    for number, id_, row in _rows(path, split):
        with located(path, number):
            for span in row.spans or ():
                check_label(span.label, labels)
            if id_ in rows:
                raise InputError(f"id {id_!r} stands on line {rows[id_][0]} too", hint="ids must be unique")
        rows[id_] = number, row
        if row.splits:
            notes["tokens split at a span edge"] += row.splits
    decoded = _decode(rows, path, notes, scheme, labels)
    return [Sentence(id_, row.tokens, decoded.get(id_, row.spans)) for id_, (_, row) in rows.items()]


def stream_jsonl(path: str | Path, *, split: str) -> Iterator[Sentence]:
    """The text of ``read_jsonl``'s sentences, one after the other; their labels are not looked at, but for the edges at which
    spans split the tokens of running text. Ids are not compared. Raises InputError as ``read_jsonl``, but for labels and ids.
    """
    return (Sentence(id_, row.tokens) for _, id_, row in _rows(path, split))


def write_jsonl(path: str | Path, sentences: Iterable[Sentence]) -> None:
    """One {"id", "tokens", "spans"} a line, without "spans" where there is no gold."""
    write_lines(path, (_dump(_head(s) | ({} if s.spans is None else {"spans": s.spans})) for s in sentences))


def write_examples_jsonl(path: str | Path, examples: Iterable[Example]) -> None:
    """As ``write_jsonl``, each span an object with its confidence (6 digits), and with "source", "round", "weight" (unless
    1) and "masked" (if any). Raises ValueError unless every span has a finite confidence.
    """
    write_lines(path, (_dump(_example_row(e)) for e in examples))


def read_examples_jsonl(path: str | Path) -> list[Example]:
    """What ``write_examples_jsonl`` wrote; sentences come without gold. Raises InputError for another file."""
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            continue
        try:
            row = json.loads(line)
            spans = tuple(Span(int(s["start"]), int(s["end"]), str(s["label"])) for s in row["spans"])
            sentence = Sentence(str(row["id"]), tuple(map(str, row["tokens"])))
            encode(spans, len(sentence.tokens))
            confidences = tuple(float(span["confidence"]) for span in row["spans"])
            masked = frozenset(map(int, row.get("masked", ())))
            weight = float(row.get("weight", 1))
            found.append(Example(sentence, spans, str(row["source"]), int(row["round"]), confidences, masked, weight))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"this is no sentence that a run wrote ({type(error).__name__}: {error})"
            raise InputError(problem, file=path, line=number) from None
    return found


def _rows(path: str | Path, split: str) -> Iterator[tuple[int, str, Row]]:
    """(line, sentence id, what the line says)."""
    seen: Counter[str] = Counter()
    empty = True
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        with located(path, number):
            row = parse_row(line)
        document = f"{split}/{row.document or Path(path).stem}"
        yield number, row.id or f"{document}#{seen[document]}", row
        seen[document] += row.id is None
        empty = False
    if empty:
        raise InputError("no sentence in it", file=path, hint="expected a JSON object a line")


def _decode(
    rows: Mapping[str, tuple[int, Row]],
    file: str | Path,
    notes: Counter[str],
    scheme: Scheme | None,
    labels: Collection[str] | None,
) -> dict[str, tuple[Span, ...]]:
    """Spans of the rows that have tags."""
    tagged = {id_: TagRow(row.tags, [line] * len(row.tags)) for id_, (line, row) in rows.items() if row.tags is not None}
    spans = decode_file(list(tagged.values()), file=file, notes=notes, scheme=scheme, labels=labels)
    return dict(zip(tagged, spans, strict=True))


def _head(sentence: Sentence) -> dict[str, object]:
    return {"id": sentence.id, "tokens": sentence.tokens}


def _example_row(example: Example) -> dict[str, object]:
    row = _head(example.sentence)
    row["spans"] = [
        {**span._asdict(), "confidence": round(float(confidence), 6)}
        for span, confidence in zip(example.spans, example.confidences, strict=True)
    ]
    row |= {"source": example.source, "round": example.round}
    if example.weight != 1:
        row["weight"] = float(example.weight)
    if example.masked:
        row["masked"] = sorted(example.masked)
    return row


def _dump(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False)
