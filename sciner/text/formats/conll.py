"""CoNLL: one token per line, its tag in the last column, a blank line between sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from sys import intern
from typing import Literal, NamedTuple

from sciner.errors import InputError
from sciner.text.corpus import UNMASKED, Example, Sentence, accepted
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import check_length, check_token, is_solid, located
from sciner.text.formats.documents import DOCSTART
from sciner.text.formats.recognise import TAG
from sciner.text.formats.repair import BLANK, Repairs, longest_allowed, split_sentences
from sciner.text.formats.running import Placed
from sciner.text.formats.source import read_lines
from sciner.text.formats.tags import TagRow, decode_file
from sciner.text.spans import Scheme, encode

MASKED = "masked"
SOURCE = re.compile(rf"gold|[a-z]+:[0-9]+|{MASKED}")  # the middle column that a run writes
Documents = Literal["separator", "file"]


def read_conll(
    path: str | Path,
    *,
    split: str,
    notes: Counter[str],
    scheme: Scheme | None = None,
    labels: Collection[str] | None = None,
    documents: Documents = "separator",
    repair: Repairs = (),
) -> list[Sentence]:
    """Read the sentences of a file of 2 to 4 columns: the token first, the tag last.

    Columns are separated by tabs or, in a line without a tab, by spaces. In a file that a run wrote
    (``write_examples_conll``), masked tokens stay masked. Lines that begin with # before a
    sentence, and are not a token with its tag, are comments: they are skipped and counted.

    Args:
        path: the file.
        split: the first part of the ids: ``{split}/{stem}#{i}``, or ``{split}/{stem}.{NNNN}#{i}``
            if -DOCSTART- lines separate documents. Documents and their sentences are counted from
            0; empty documents are not counted.
        notes: counts "tags repaired" and what else was changed or skipped.
        scheme: of the tags; None detects it over the whole file.
        labels: the known classes; None allows any.
        documents: ``separator`` begins a document at every -DOCSTART- line, ``file`` makes the file
            one document.
        repair: what is corrected instead of rejected.

    Raises:
        InputError: the file is not UTF-8 or has no sentence, a column is missing, the first column
            only numbers the tokens, a tag belongs to no scheme or to another one, a label is not
            among ``labels``, a token contains white space, or a sentence has more than 2,000
            tokens.
    """
    found = list(_rows(path, split, documents, notes, repair))
    rows = [TagRow(block.tags, block.lines) for _, block in found]
    spans = decode_file(rows, file=path, notes=notes, scheme=scheme, labels=labels)
    read = [replace(sentence, spans=gold) for (sentence, _), gold in zip(found, spans, strict=True)]
    told = {source for _, block in found for source in block.sources}
    if MASKED in told and all(map(SOURCE.fullmatch, told)):
        read = [_unmasked(s, block.sources) for s, (_, block) in zip(read, found, strict=True)]
    return split_sentences(read, notes) if "split_sentences" in repair else read


def stream_conll(
    path: str | Path, *, split: str, documents: Documents = "separator"
) -> Iterator[Placed]:
    """Yield the sentences of ``read_conll`` without their labels, one at a time.

    Tags are not read and may be anything. The file is read twice, the first time to find -DOCSTART-
    lines.

    Raises:
        InputError: see ``read_conll``, except for tags.
    """
    return (Placed(sentence) for sentence, _ in _rows(path, split, documents, Counter()))


def write_conll(
    path: str | Path, sentences: Iterable[Sentence], *, scheme: Scheme = "IOB2"
) -> None:
    """Write sentences in two columns, separated by a tab.

    A -DOCSTART- line begins every document; nothing else of the ids is kept.

    Args:
        path: the file.
        sentences: all with gold.
        scheme: of the tags.

    Raises:
        ValueError: a sentence has no gold or no tokens, a token is -DOCSTART-, or a token or label
            is empty or contains white space.
    """
    write_lines(path, _lines((s, [_gold_tags(s, scheme)]) for s in sentences))


def write_examples_conll(path: str | Path, examples: Iterable[Example]) -> None:
    """Write training examples in three columns: token, source and IOB2 tag.

    The source is ``gold``, ``silver:<round>``, or ``masked`` for tokens that are left out of the
    loss. A span that contains such a token is masked as a whole. The tag of a masked token is O.

    Raises:
        ValueError: see ``write_conll``.
    """
    write_lines(path, _lines(_example_columns(e) for e in examples))


class Block(NamedTuple):
    """The lines between two blank lines.

    Attributes:
        document: number of -DOCSTART- lines before it that begin a document.
        lines: the number of each token's line, counted from 1.
        tokens: the first column.
        tags: the last column.
        sources: the middle one of three columns; empty for any other number of columns.
    """

    document: int
    lines: list[int]
    tokens: list[str]
    tags: list[str]
    sources: list[str]


def _rows(
    path: str | Path, split: str, documents: Documents, notes: Counter[str], repair: Repairs = ()
) -> Iterator[tuple[Sentence, Block]]:
    """Sentences, without gold, and the lines that they come from."""
    separated = documents == "separator" and any(
        DOCSTART in line and _columns(line)[0] == DOCSTART for line in read_lines(path)
    )
    stem = f"{split}/{Path(path).stem}"
    before, count = "", 0  # the document, and its sentences so far
    numbered, longest = True, 0
    for block in _blocks(path, notes, repair):
        with located(path, block.lines[0], block.lines[-1]):
            too_long = "put a blank line between sentences, or add data.repair=split_sentences"
            check_length(len(block.tokens), too_long=too_long, most=longest_allowed(repair))
        document = f"{stem}.{block.document:04d}" if separated else stem
        before, count = document, count + 1 if document == before else 0
        numbered = numbered and block.tokens == [str(i + 1) for i in range(len(block.tokens))]
        longest = max(longest, len(block.tokens))
        yield Sentence(f"{document}#{count}", tuple(block.tokens)), block
    if not before:
        raise InputError(
            "no sentence in it", file=path, hint="expected a token and its tag on each line"
        )
    if numbered and longest > 1:
        raise InputError(
            "the first column only numbers the tokens of each sentence",
            file=path,
            hint="drop that column",
        )


def _blocks(file: str | Path, notes: Counter[str], repair: Repairs) -> Iterator[Block]:
    """Blocks with the same number of columns; comments before them are skipped and counted."""
    used = False
    width, width_line = 0, 0
    block = Block(0, [], [], [], [])
    usual = next(
        (len(_columns(line)) for line in read_lines(file) if line.strip() and line[0] != "#"), 0
    )
    for number, line in enumerate(chain(read_lines(file), [""]), start=1):
        columns = _columns(line)
        if line.startswith("#") and not block.tokens and _is_comment(line, columns, usual):
            notes["comment lines left out"] += 1
            continue
        separator = columns[:1] == [DOCSTART]
        if columns and not separator:
            token, tag = columns[0], columns[-1]
            if line[0].isspace() and _is_blank(line, columns, usual):
                if "drop_blank_tokens" not in repair:
                    hint = "drop the line, or add data.repair=drop_blank_tokens"
                    raise InputError(
                        "a token that is only white space", file=file, line=number, hint=hint
                    )
                notes[BLANK] += 1
                continue
            # entering `located` for every line would double the time
            if len(columns) != width or not is_solid(token):
                width, width_line = width or len(columns), width_line or number
                with located(file, number):
                    _check_width(len(columns), width, width_line)
                    check_token(token)
            block.lines.append(number)
            block.tokens.append(intern(token))
            block.tags.append(tag)
            if width == 3:
                block.sources.append(columns[1])
            continue
        if block.tokens:
            yield block
            used = True
        begins = separator and used
        if block.tokens or begins:
            block = Block(block.document + begins, [], [], [], [])
            used = used and not begins


def _is_comment(line: str, columns: Sequence[str], usual: int) -> bool:
    """Whether a line that begins with # is a comment (``# id 7``, ``# domain=dev``)."""
    return not TAG.fullmatch(columns[-1]) and (len(columns) != usual or "=" in line)


def _is_blank(line: str, columns: Sequence[str], usual: int) -> bool:
    """Whether a line has white space in place of a token."""
    return not columns[0].strip() or ("\t" not in line.rstrip() and len(columns) == usual - 1)


def _unmasked(sentence: Sentence, sources: Sequence[str]) -> Sentence:
    """The sentence without the labels of tokens that a run masked."""
    masked = frozenset(i for i, source in enumerate(sources) if source == MASKED) or UNMASKED
    return replace(sentence, spans=accepted(sentence.spans or (), masked), masked=masked)


def _columns(line: str) -> list[str]:
    line = line.rstrip()
    if "\t" in line:
        return [column.strip() for column in line.split("\t")]
    columns = line.split(" ")
    return [column for column in columns if column] if "" in columns else columns


def _check_width(found: int, expected: int, expected_line: int) -> None:
    hint = "a line has a token, up to two further columns and a tag"
    if found == 1:
        raise InputError("only one column, so the token or the tag is missing", hint=hint)
    if found > 4:
        raise InputError(f"{found} columns", hint=hint)
    if found != expected:
        hint = (
            "fill the missing column"
            if found < expected
            else "give every line the same number of columns"
        )
        raise InputError(f"{found} columns, but line {expected_line} has {expected}", hint=hint)


def _lines(rows: Iterable[tuple[Sentence, Sequence[Sequence[str]]]]) -> Iterator[str]:
    """Lines of sentences: each token, then its other columns."""
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
    texts = [*sentence.tokens, *tags]
    if " ".join(texts).split() == texts and DOCSTART not in texts:  # nearly always; it is faster
        return
    for text in texts:
        if not is_solid(text) or text == DOCSTART:
            raise ValueError(f"CoNLL cannot hold {text!r} of {sentence.id}")


def _gold_tags(sentence: Sentence, scheme: Scheme) -> list[str]:
    if sentence.spans is None or sentence.masked:
        raise ValueError(
            f"CoNLL cannot hold {sentence.id}, a sentence without gold or with masked tokens"
        )
    return encode(sentence.spans, len(sentence.tokens), scheme)


def _example_columns(example: Example) -> tuple[Sentence, list[list[str]]]:
    source = "gold" if example.source == "gold" else f"{example.source}:{example.round}"
    known, length = example.accepted(), len(example.sentence.tokens)
    hidden = example.uncertain()
    sources = [MASKED if i in hidden else source for i in range(length)]
    return example.sentence, [sources, encode(known, length)]
