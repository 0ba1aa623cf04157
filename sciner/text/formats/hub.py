"""Token-classification datasets of the Hugging Face hub, or Parquet files, read by ``datasets``."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import shorten
from typing import Any, NamedTuple

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.check import check_length, check_token, located
from sciner.text.formats.documents import BEGUN, DOCSTART, Parts
from sciner.text.formats.repair import BLANK, Repairs, longest_allowed, split_sentences
from sciner.text.formats.row import ID
from sciner.text.formats.source import home
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import Scheme

TEXT = ("string", "large_string", "string_view")


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a dataset's columns.

    Attributes:
        tokens: a list of words per row.
        tags: a list of tags per row.
        document: the document's name; None makes each split one document.
    """

    tokens: str
    tags: str
    document: str | None = None


class Row(NamedTuple):
    """A row of a dataset, counted from 1."""

    number: int
    document: str | None
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def read_hub(
    path: str,
    *,
    splits: Mapping[str, str | None],
    columns: Columns,
    notes: Counter[str],
    config: str | None = None,
    revision: str | None = None,
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
    repair: Repairs = (),
) -> dict[str, tuple[Sentence, ...]]:
    """Read the splits of a dataset.

    No code that a dataset brings is executed. Tags are words, or numbers that the dataset's
    features give names. Ids are ``{split}/{name}#{i}``, or ``{split}/{document}#{i}`` if
    ``columns`` names documents; i counts from 0. A row whose only token is -DOCSTART- begins a
    document.

    Args:
        path: a name on the hub, a folder in the hub's layout, or a Parquet file (its one split is
            ``train``).
        splits: {our name: the dataset's name}; slices and sums (``train[:80%]``, ``train+test``)
            are allowed. A ``dev`` that the dataset lacks is empty.
        columns: their names.
        notes: counts "tags repaired", "rows without tokens left out" and -DOCSTART- rows.
        config: the dataset's configuration.
        revision: of the dataset on the hub.
        scheme: of the tags; None detects it for each split.
        labels: the known classes; None allows any.
        repair: what is corrected instead of rejected.

    Raises:
        InputError: the dataset cannot be loaded, lacks a split or a column, or has a column of the
            wrong type; or a row (counted from 1) has tokens, tags or labels that ``read_jsonl``
            would reject too.
    """
    builder = _prepare(path, config, revision)
    place = home(path)
    name = place.stem if place.is_file() else place.resolve().name
    found: dict[str, tuple[Sentence, ...]] = {}
    for ours, theirs in splits.items():
        rows = _load_split(builder, ours, theirs, path) if theirs else None
        if rows is None:
            found[ours] = ()
            continue
        file = f"{path} ({theirs})"
        parsed = list(_parse(rows, columns, file, notes, repair))
        documents, parts = [], Parts()
        for row in parsed:
            if row.tokens == (DOCSTART,):
                parts.begin()
            elif row.tokens:
                parts.hold()
                documents.append(f"{ours}/{row.document or name + parts.suffix}")
        if begun := sum(row.tokens == (DOCSTART,) for row in parsed):
            notes[BEGUN] += begun
        kept = [row for row in parsed if row.tokens not in ((), (DOCSTART,))]
        if not kept:
            raise InputError(
                "no sentence in it", file=file, hint=f"set data.splits.{ours} to another split"
            )
        if empty := len(parsed) - len(kept) - begun:
            notes["rows without tokens left out"] += empty
        tag_rows = [TagRow(row.tags, [row.number] * len(row.tags)) for row in kept]
        spans = decode_file(tag_rows, file=file, notes=notes, scheme=scheme, labels=labels)
        read = list(map(Sentence, _number(documents), (row.tokens for row in kept), spans))
        found[ours] = tuple(split_sentences(read, notes) if "split_sentences" in repair else read)
    return found


def _prepare(path: str, config: str | None, revision: str | None) -> Any:
    """The library's builder of the dataset, its files downloaded and converted."""
    try:
        import datasets
    except ImportError:
        raise InputError(
            "data=hub needs the package datasets", hint="pip install 'sciner[hub]'"
        ) from None
    for library in ("datasets", "huggingface_hub"):  # everything they log they also raise
        logging.getLogger(library).setLevel(logging.CRITICAL)
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    place = home(path)
    with _in_one_line(path):
        if place.is_file():
            builder = datasets.load_dataset_builder("parquet", data_files=str(place))
        else:
            builder = datasets.load_dataset_builder(
                str(place) if place.is_dir() else path, config, revision=revision
            )
        builder.download_and_prepare()
    return builder


def _load_split(builder: Any, ours: str, theirs: str, path: str) -> Any:
    """The rows of the split, or of the slices of splits; None for a ``dev`` that does not exist."""
    there = builder.info.splits
    for part in theirs.split("+"):
        if (split := part.partition("[")[0].strip()) in there:
            continue
        if ours == "dev":
            return None
        hint = (
            f"set data.splits.{ours} to one of {', '.join(there)}, or to a part of it: "
            f"{next(iter(there))}[80%:]"
        )
        raise InputError(f"no split {split!r}", file=path, hint=hint)
    with _in_one_line(path):
        return builder.as_dataset(split=theirs)


@contextmanager
def _in_one_line(path: str) -> Iterator[None]:
    """Turn the library's errors into an InputError."""
    try:
        yield
    # servers, files and formats raise a dozen types of error without a common base class
    except Exception as error:
        problem = str(error.__cause__ or error)
        script = "scripts are no longer supported" in problem
        hint = (
            "try data.revision=refs/convert/parquet"
            if script
            else "check data.path, .config, .revision and .splits"
        )
        raise InputError(
            shorten(problem, 300, placeholder=" …").rstrip("."), file=path, hint=hint
        ) from None


def _parse(
    rows: Any, columns: Columns, file: str, notes: Counter[str], repair: Repairs
) -> Iterator[Row]:
    _check_columns(rows.features, columns, file)
    token_names, tag_names = (
        _names(rows.features, column, file) for column in (columns.tokens, columns.tags)
    )
    used = [column for column in (columns.tokens, columns.tags, columns.document) if column]
    for number, row in enumerate(rows.select_columns(used), start=1):
        with located(file, number):
            document = _document(row[columns.document]) if columns.document else None
            tokens = _words(row[columns.tokens], token_names, columns.tokens)
            tags = _words(row[columns.tags], tag_names, columns.tags)
            if len(tags) != len(tokens):
                raise InputError(
                    f"{len(tags)} tags for {len(tokens)} tokens", hint="check data.columns"
                )
            if "drop_blank_tokens" in repair and (
                blanks := sum(not token.strip() for token in tokens)
            ):
                notes[BLANK] += blanks
                tags = tuple(tag for tag, token in zip(tags, tokens, strict=True) if token.strip())
                tokens = tuple(token for token in tokens if token.strip())
            if tokens:
                check_length(
                    len(tokens),
                    too_long="each row should be one sentence",
                    most=longest_allowed(repair),
                )
            for token in tokens if tokens != (DOCSTART,) else ():
                check_token(token)
        yield Row(number, document, tokens, tags)


def _number(documents: Sequence[str]) -> Iterator[str]:
    """Sentence ids: each document's name, with a count from 0."""
    seen: Counter[str] = Counter()
    for document in documents:
        yield f"{document}#{seen[document]}"
        seen[document] += 1


def _check_columns(features: Mapping[str, Any], columns: Columns, file: str) -> None:
    for key, column in (
        ("tokens", columns.tokens),
        ("tags", columns.tags),
        ("document", columns.document),
    ):
        if column is not None and column not in features:
            there = ", ".join(features)
            raise InputError(
                f"no column {column!r}", file=file, hint=f"set data.columns.{key} to one of {there}"
            )


def _names(features: Mapping[str, Any], column: str, file: str) -> Sequence[str] | None:
    """The names of the numbers in a column of lists; None if the lists contain words."""
    items = getattr(features[column], "feature", None)
    names: Sequence[str] | None = getattr(items, "names", None)
    if names is None and getattr(items, "dtype", None) not in TEXT:
        hint = (
            "a row should be a list of words, or of numbers that the dataset's features give names"
        )
        raise InputError(
            f"column {column!r} is {shorten(str(features[column]), 100)}", file=file, hint=hint
        )
    return names


def _words(
    values: Sequence[Any] | None, names: Sequence[str] | None, column: str
) -> tuple[str, ...]:
    """A row's values as words; raises InputError for a missing value or a number without a name."""
    if values is None or None in values:
        raise InputError(
            f"no value in column {column!r}", hint="choose a split that is completely labelled"
        )
    if names is None:
        return tuple(values)
    if nameless := [value for value in values if not 0 <= value < len(names)]:
        raise InputError(
            f"{nameless[0]} in column {column!r} has no name",
            hint="choose a split that is completely labelled",
        )
    return tuple(names[value] for value in values)


def _document(value: object) -> str:
    if not isinstance(value, str | int) or not ID.fullmatch(f"{value}#0"):
        raise InputError(f"document {value!r} is not a valid name", hint="use one line of text")
    return str(value)
