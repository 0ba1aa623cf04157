"""CoNLL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from sciner.text.formats.conll import read_conll, write_conll
from sciner.text.formats.exchange.base import Exchange, register
from sciner.text.formats.record import Record, record_of, sentence_of


def read_columns(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read as ``read_conll`` does; a document is named after its file."""
    for sentence in read_conll(path, split="", notes=notes):
        yield record_of(replace(sentence, id=sentence.id.removeprefix("/")))


def write_columns(path: Path, records: Iterable[Record]) -> None:
    """Write as ``write_conll`` does, in IOB2."""
    write_conll(path, map(sentence_of, records))


register(
    Exchange(
        name="conll",
        title="CoNLL",
        suffix=".conll",
        holds=frozenset({"tokens"}),
        read=read_columns,
        write=write_columns,
        recognise=lambda head: False,
    )
)
