"""CoNLL: a token a line, its tag in the last column, a blank line between sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

from sciner.errors import InputError
from sciner.text.corpus import Example, Sentence, tags_of
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import check_length, check_token, is_solid, located
from sciner.text.formats.source import read_lines
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import Scheme, encode

DOCSTART = "-DOCSTART-"
Documents = Literal["separator", "file"]


def read_conll(
    path: str | Path,
    *,
    split: str,
    notes: Counter[str],
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
    documents: Documents = "separator",
) -> list[Sentence]:
    """Sentences of a file of 2 to 4 columns, token first, tag last, separated by tabs or, in a line without one, spaces.

    Ids are ``{split}/{stem}#{i}``, or ``{split}/{stem}.{NNNN}#{i}`` where -DOCSTART- lines separate documents (counted from
    0, empty ones not at all) unless ``documents`` is ``file``; i counts the sentences of a document from 0.
    ``scheme`` None detects it over the whole file; repairs are counted in notes["tags repaired"].

    Raises InputError for a file that is not UTF-8 or holds no sentence, a missing column, a tag of no or of another scheme,
    a label outside ``labels``, a token with white space, a sentence of more than 2,000 tokens.
    """
    found = list(_rows(path, split, documents))
    spans = decode_file([tags for _, tags in found], file=path, notes=notes, scheme=scheme, labels=labels)
    return [replace(sentence, spans=gold) for (sentence, _), gold in zip(found, spans, strict=True)]


def stream_conll(path: str | Path, *, split: str, documents: Documents = "separator") -> Iterator[Sentence]:
    """The text of ``read_conll``'s sentences, one after the other; their tags are not looked at, and may be anything. The file
    is gone through twice, the first time for -DOCSTART- lines. Raises InputError as ``read_conll``, but for tags."""
    return (sentence for sentence, _ in _rows(path, split, documents))


def write_conll(path: str | Path, sentences: Iterable[Sentence], *, scheme: Scheme = "IOB2") -> None:
    """Two columns, tab between, -DOCSTART- before every document (which is all that is kept of the ids).

    Raises ValueError for what the format cannot hold: a sentence without gold or without tokens, the token -DOCSTART-,
    and tokens or labels that are empty or hold white space.
    """
    write_lines(path, _lines((s, [_gold_tags(s, scheme)]) for s in sentences))


def write_examples_conll(path: str | Path, examples: Iterable[Example]) -> None:
    """Three columns: token, source (``gold``, ``silver:<round>``, or ``masked``) and IOB2 tag. Raises as ``write_conll``."""
    write_lines(path, _lines((e.sentence, [_sources(e), tags_of(e)]) for e in examples))


def _rows(path: str | Path, split: str, documents: Documents) -> Iterator[tuple[Sentence, TagRow]]:
    """Sentences, without gold, and their tags."""
    separated = documents == "separator" and any(
        DOCSTART in line and _columns(line)[0] == DOCSTART for line in read_lines(path)
    )
    stem = f"{split}/{Path(path).stem}"
    before, count = "", 0  # the document, and its sentences so far
    for number, first, tokens, tags in _sentences(read_lines(path), path):
        with located(path, first):
            check_length(len(tokens), too_long="a blank line between sentences is missing?")
        document = f"{stem}.{number:04d}" if separated else stem
        before, count = document, count + 1 if document == before else 0
        yield Sentence(f"{document}#{count}", tuple(tokens)), TagRow(tags, range(first, first + len(tags)))
    if not before:
        raise InputError("no sentence in it", file=path, hint="expected a token and its tag a line")


def _sentences(lines: Iterable[str], file: str | Path) -> Iterator[tuple[int, int, list[str], list[str]]]:
    """(document number, first line, tokens, tags), with as many columns everywhere."""
    document, used = 0, False
    width, width_line = 0, 0
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in enumerate(chain(lines, [""]), start=1):
        columns = _columns(line)
        separator = columns[:1] == [DOCSTART]
        if columns and not separator:
            token, tag = columns[0], columns[-1]
            if len(columns) != width or not is_solid(token):  # entering `located` for every line would double the time
                width, width_line = width or len(columns), width_line or number
                with located(file, number):
                    _check_width(len(columns), width, width_line)
                    check_token(token)
            tokens.append(token)
            tags.append(tag)
            continue
        if tokens:
            yield document, number - len(tokens), tokens, tags
            tokens, tags, used = [], [], True
        if separator and used:
            document, used = document + 1, False


def _columns(line: str) -> list[str]:
    line = line.rstrip()
    if "\t" in line:
        return [column.strip() for column in line.split("\t")]
    columns = line.split(" ")
    return [column for column in columns if column] if "" in columns else columns


def _check_width(found: int, expected: int, expected_line: int) -> None:
    hint = "a line is a token, up to two further columns and a tag"
    if found == 1:
        raise InputError("one column, so token or tag is missing", hint=hint)
    if found > 4:
        raise InputError(f"{found} columns", hint=hint)
    if found != expected:
        hint = "fill the missing column" if found < expected else "give every line as many columns"
        raise InputError(f"{found} columns where line {expected_line} has {expected}", hint=hint)


def _lines(rows: Iterable[tuple[Sentence, Sequence[Sequence[str]]]]) -> Iterator[str]:
    """Lines of sentences with their columns behind the token."""
    document = None
    for sentence, columns in rows:
        _check_writable(sentence, columns[-1])
        if sentence.document != document:
            document = sentence.document
            yield "\t".join([DOCSTART, *["-X-"] * (len(columns) - 1), "O"])
            yield ""
        yield from map("\t".join, zip(sentence.tokens, *columns, strict=True))
        yield ""


def _check_writable(sentence: Sentence, tags: Sequence[str]) -> None:
    if not sentence.tokens:
        raise ValueError(f"CoNLL cannot hold {sentence.id}, a sentence without tokens")
    for text in (*sentence.tokens, *tags):
        if not is_solid(text) or text == DOCSTART:
            raise ValueError(f"CoNLL cannot hold {text!r} of {sentence.id}")


def _gold_tags(sentence: Sentence, scheme: Scheme) -> list[str]:
    if sentence.spans is None:
        raise ValueError(f"CoNLL cannot hold {sentence.id}, a sentence without gold")
    return encode(sentence.spans, len(sentence.tokens), scheme)


def _sources(example: Example) -> list[str]:
    source = "gold" if example.source == "gold" else f"{example.source}:{example.round}"
    return ["masked" if i in example.masked else source for i in range(len(example.sentence.tokens))]
