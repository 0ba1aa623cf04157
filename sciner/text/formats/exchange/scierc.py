"""The original JSON lines of SciERC (Luan et al. 2018), which DyGIE and PURE read too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.text.corpus import Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import check_length, check_token, located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import as_json, check_id
from sciner.text.formats.exchange.files import by_document
from sciner.text.formats.fields import spans_of
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Record, on_tokens, record_of, words

OTHERS = "relations and clusters left out"
FORM = 'write "ner": [[[first, last, "label"], ...], ...], one list per sentence'


def read_scierc(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one document per line, as one record per sentence; spans may overlap.

    "ner" counts tokens over the document, both ends inclusive.
    """
    for number, row in read_objects(path):
        with located(path, number):
            name = check_id(str(row.get("doc_key") or f"{path.stem}.{number}"))
            sentences, ner = row.get("sentences"), row.get("ner")
            if not isinstance(sentences, list):
                raise InputError(
                    '"sentences" is not a list', hint='write "sentences": [["..."], ...]'
                )
            if ner is not None and (not isinstance(ner, list) or len(ner) != len(sentences)):
                raise InputError('"ner" does not have one list per sentence', hint=FORM)
            for key in ("relations", "clusters"):
                value = row.get(key) or ()
                notes.update(+Counter({OTHERS: sum(bool(item) for item in value)}))
            start = index = 0
            for i, tokens in enumerate(sentences):
                if not isinstance(tokens, list) or not all(type(t) is str for t in tokens):
                    raise InputError(f"sentence {i} is not a list of strings", hint="correct it")
                if tokens:
                    found = None if ner is None else ner[i]
                    yield _record(f"{name}#{index}", tokens, found, start)
                    index += 1
                start += len(tokens)


def _record(id_: str, tokens: list[str], ner: object, start: int) -> Record:
    check_length(len(tokens), too_long="split the sentence")
    for token in tokens:
        check_token(token)
    record = record_of(Sentence(id_, tuple(tokens)))
    if ner is None:
        return record
    places = record.tokens or ()
    marks = []
    for first, last, label in spans_of({"ner": ner}, "ner") or ():
        if not start <= first <= last < start + len(tokens):
            raise InputError(
                f"span {first} {last} is not within its sentence ({start} to "
                f"{start + len(tokens) - 1})",
                hint="count tokens over the document, the last one included",
            )
        marks.append(Mark(places[first - start][0], places[last - start][1], label))
    return Record(id_, record.text, placed(record.text, marks), record.tokens)


def write_scierc(path: Path, records: Iterable[Record]) -> None:
    """Write one document per line, without relations and clusters."""
    write_lines(path, (as_json(_row(name, members)) for name, members in by_document(records)))


def _row(name: str, members: list[Record]) -> Mapping[str, Any]:
    ner: list[list[tuple[int, int, str]]] = []
    start = 0
    for record in members:
        ner.append([(start + a, start + b - 1, m.label) for a, b, m in on_tokens(record)])
        start += len(record.tokens or ())
    return {"doc_key": name, "sentences": [words(record) for record in members], "ner": ner}


def _is_scierc(head: Head) -> bool:
    keys = {*head.object}
    return "sentences" in keys and not {"tokens", "text"} & keys


register(
    Exchange(
        name="scierc",
        title="SciERC",
        suffix=".jsonl",
        holds=frozenset({"overlaps", "tokens"}),
        read=read_scierc,
        write=write_scierc,
        recognise=_is_scierc,
    )
)
