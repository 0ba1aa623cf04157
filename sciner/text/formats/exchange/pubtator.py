"""PubTator: a title, an abstract and one line per span."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sciner.errors import InputError
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import check_id
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Record
from sciner.text.formats.source import read_lines

PART = re.compile(r"([^|\t]+)\|([ta])\|(.*)")
SPAN = re.compile(r"([^\t]+)\t([0-9]{1,9})\t([0-9]{1,9})\t([^\t]*)\t([^\t]+)(?:\t.*)?")
RELATION = re.compile(r"[^\t]+\t[^\t0-9][^\t]*(\t[^\t]*)+")
RELATIONS = "relations left out"
CONCEPTS = "concept identifiers left out"
FORM = "a span is ID, START, END, text and label, with tabs between them"


@dataclass
class Article:
    """What has been read of one document."""

    id: str
    line: int
    parts: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    surfaces: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def record(self, path: Path) -> Record:
        """Title, line end, abstract: offsets in the abstract count the line end."""
        text = self.parts.get("t", "")
        text = f"{text}\n{self.parts['a']}" if self.parts.get("a") else text
        for mark, surface, line in zip(self.marks, self.surfaces, self.lines, strict=True):
            with located(path, line):
                placed(text, [mark], [surface])
        with located(path, self.line):
            return Record(check_id(self.id), text, placed(text, self.marks, self.surfaces))


def read_pubtator(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one document per block of lines.

    Raises:
        InputError: a line is not PubTator, or a span does not fit the text.
    """
    article: Article | None = None
    empty = True
    for number, line in enumerate(read_lines(path), start=1):
        part = PART.fullmatch(line)
        if article and (not line.strip() or (part and part[1] != article.id)):
            yield article.record(path)
            article, empty = None, False
        if not line.strip():
            continue
        with located(path, number):
            if part:
                article = article or Article(part[1], number)
                if part[2] in article.parts:
                    raise InputError(
                        f"a second {line[:40]!r}", hint="separate documents by a blank line"
                    )
                article.parts[part[2]] = part[3]
            else:
                _read_span(line, number, article, notes)
    if article:
        yield article.record(path)
    elif empty:
        raise InputError("no text in it", file=path, hint="expected ID|t|title")


def _read_span(line: str, number: int, article: Article | None, notes: Counter[str]) -> None:
    span = SPAN.fullmatch(line)
    if article is None or (span and span[1] != article.id):
        raise InputError(f"{line[:40]!r} comes before its title", hint="begin with ID|t|title")
    if span is None:
        if not RELATION.fullmatch(line):
            raise InputError(f"{line[:40]!r} is not a PubTator annotation", hint=FORM)
        notes[RELATIONS] += 1
        return
    _, start, end, surface, label = span.groups()
    notes.update(+Counter({CONCEPTS: int(line.count("\t") > 4 and not line.endswith("\t-"))}))
    article.marks.append(Mark(int(start), int(end), label))
    article.surfaces.append(surface)
    article.lines.append(number)


def write_pubtator(path: Path, records: Iterable[Record]) -> None:
    """Write the first line of a text as title, the rest as abstract, and "-" for each concept.

    Raises:
        InputError: an id contains | or a tab.
    """

    def lines() -> Iterator[str]:
        for record in records:
            if "|" in record.id or "\t" in record.id:
                raise InputError(f"PubTator cannot hold the id {record.id!r}", hint="rename it")
            title, _, abstract = record.text.partition("\n")
            yield f"{record.id}|t|{title}"
            yield f"{record.id}|a|{abstract}"
            for m in record.marks or ():
                held = " ".join(record.text[m.start : m.end].split())
                yield f"{record.id}\t{m.start}\t{m.end}\t{held}\t{m.label}\t-"
            yield ""

    write_lines(path, lines())


def _is_pubtator(head: Head) -> bool:
    return bool(re.match(r"\s*[^|\s]+\|[ta]\|", head.text))


register(
    Exchange(
        name="pubtator",
        title="PubTator",
        suffix=".txt",
        holds=frozenset({"text", "title", "edges", "overlaps", "ids"}),
        read=read_pubtator,
        write=write_pubtator,
        recognise=_is_pubtator,
    )
)
