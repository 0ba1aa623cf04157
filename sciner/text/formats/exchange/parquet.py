"""Parquet as Hugging Face `datasets` reads it: tokens, and tags as ClassLabel features."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import shorten

from sciner.errors import InputError
from sciner.text.corpus import UNMASKED, Sentence, labels_of, tagset
from sciner.text.formats.check import check_length, check_token, located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import check_id
from sciner.text.formats.places import check_name, check_text
from sciner.text.formats.record import Record, record_of, sentence_of
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import encode

NEEDED = ("tokens", "ner_tags")


def read_parquet(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one sentence per row.

    "tokens" are words; "ner_tags" are words, or numbers that the features give names; "id" is kept.
    "masked" says of each token whether its label is not known. Other columns are counted as left
    out.

    Raises:
        InputError: the file cannot be read, lacks a column, or has a malformed row.
    """
    import datasets
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
        features = datasets.Features.from_arrow_schema(table.schema)
    except Exception as error:  # pyarrow and datasets raise errors without a common base class
        problem = shorten(f"not a readable Parquet file ({type(error).__name__}: {error})", 200)
        raise InputError(problem, file=path, line=1, hint="write the file again") from None
    if lacking := [name for name in NEEDED if name not in features]:
        there = ", ".join(features)
        raise InputError(
            f"no column {lacking[0]!r} (there are {there})", file=path, hint="rename the columns"
        )
    if further := sum(name not in (*NEEDED, "id", "masked") for name in features):
        notes["columns left out"] += further
    names = getattr(getattr(features["ner_tags"], "feature", None), "names", None)
    found: list[tuple[str, tuple[str, ...], frozenset[int], TagRow]] = []
    for number, row in enumerate(table.to_pylist(), start=1):
        with located(path, number):
            tokens, tags = _words(row["tokens"], None), _words(row["ner_tags"], names)
            if len(tokens) != len(tags):
                raise InputError(
                    f"{len(tags)} tags for {len(tokens)} tokens", hint="give each token one tag"
                )
            check_length(len(tokens), too_long="each row should be one sentence")
            for token in tokens:
                check_text(token)
                check_token(token)
            id_ = row.get("id")
            id_ = check_id(f"{path.stem}#{number - 1}" if id_ is None else str(id_))
            masked = _masked(row.get("masked"), len(tokens))
            found.append((id_, tokens, masked, TagRow(tags, [number] * len(tags))))
    rows = [tagged for *_, tagged in found]
    spans = decode_file(rows, file=path, notes=notes, scheme=None, labels=None)
    for (id_, tokens, masked, tagged), marked in zip(found, spans, strict=True):
        with located(path, tagged.lines[0]):
            for span in marked:
                check_name(span.label)
        yield record_of(Sentence(id_, tokens, marked, masked))


def _words(values: object, names: list[str] | None) -> tuple[str, ...]:
    if isinstance(values, list):
        if names is not None and all(type(v) is int and 0 <= v < len(names) for v in values):
            return tuple(names[v] for v in values)
        if names is None and all(type(v) is str for v in values):
            return tuple(values)
    raise InputError(
        "tokens or tags without a name", hint="write lists of words, or of ClassLabels"
    )


def _masked(values: object, length: int) -> frozenset[int]:
    if values is None:
        return UNMASKED
    if not isinstance(values, list) or [type(v) for v in values] != [bool] * length:
        raise InputError('"masked" is not true or false for each token', hint="drop the column")
    return frozenset(i for i, hidden in enumerate(values) if hidden) or UNMASKED


def write_parquet(path: Path, records: Iterable[Record]) -> None:
    """Write the columns id, tokens and ner_tags (IOB2)."""
    import datasets

    sentences = [sentence_of(record) for record in records]
    names = tagset(labels_of(sentences))
    number = {tag: i for i, tag in enumerate(names)}
    rows = {
        "id": [s.id for s in sentences],
        "tokens": [list(s.tokens) for s in sentences],
        "ner_tags": [
            [number[tag] for tag in encode(s.spans or (), len(s.tokens))] for s in sentences
        ],
    }
    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=list(names))),
        }
    )
    logging.getLogger("datasets").setLevel(logging.CRITICAL)
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    datasets.Dataset.from_dict(rows, features=features).to_parquet(str(path))


def _is_parquet(head: Head) -> bool:
    return head.text.startswith("PAR1")


register(
    Exchange(
        name="datasets",
        title="Hugging Face datasets",
        suffix=".parquet",
        holds=frozenset({"tokens", "ids"}),
        read=read_parquet,
        write=write_parquet,
        recognise=_is_parquet,
        extra="hub",
        library="datasets",
    )
)
