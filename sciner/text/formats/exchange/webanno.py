"""WebAnno TSV 3, which INCEpTION reads and writes: one token per line, offsets in UTF-16 units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from sciner.errors import InputError
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.files import by_document, file_of
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Record, on_tokens
from sciner.text.formats.source import read_lines

LAYER = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
FEATURE = "value"
HEAD = f"#FORMAT=WebAnno TSV 3.3\n#T_SP={LAYER}|identifier|{FEATURE}\n\n"
TOKEN = re.compile(r"([0-9]+)-([0-9]+)(\.[0-9]+)?")
PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
ENTRY = re.compile(r"(?:[^\\|]|\\.)+")
NUMBERED = re.compile(r"(.*?)(?:(?<!\\)\[([0-9]+)\])?", re.DOTALL)
CLASSLESS = "spans without a class left out"
CROSSING = "spans that cross a sentence's end, read as one in each sentence"
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass
class Block:
    """The lines of a sentence.

    Attributes:
        text: its #Text lines.
        rows: (line, whether it is a whole token, start, end, surface, cell) of each token or
            subtoken.
    """

    text: list[str] = field(default_factory=list)
    rows: list[tuple[int, bool, int, int, str, str]] = field(default_factory=list)


def read_webanno(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one record per sentence; the document is named after its file.

    Spans are those of the layer NamedEntity, or of the only span layer. Their class is the feature
    "value" or "label", or else the first feature.

    Raises:
        InputError: a line is not WebAnno TSV, a token is not where its offsets say, or there are
            several span layers without NamedEntity.
    """
    column, block = None, Block()
    layers: list[list[str]] = []
    index, seen = 0, set[str]()
    for number, line in enumerate(read_lines(path), start=1):
        with located(path, number):
            if line.startswith("#T_"):
                layers.append(line.partition("=")[2].split("|"))
                layers[-1].append("" if line.startswith("#T_SP") else "no span")
            elif line.startswith("#Text="):
                block.text.append(_plain(line.removeprefix("#Text=")))
            elif line.strip() and not line.startswith("#"):
                column = _column(layers) if column is None else column
                block.rows.append(_row(line, number, column))
        if not line.strip() and block.rows:
            with located(path, block.rows[0][0], number - 1):
                yield _record(f"{path.stem}#{index}", block, seen, notes)
            index, block = index + 1, Block()
    if block.rows:
        with located(path, block.rows[0][0]):
            yield _record(f"{path.stem}#{index}", block, seen, notes)
    elif not index:
        raise InputError("no sentence in it", file=path, hint="expected WebAnno TSV 3")


def _column(layers: Sequence[Sequence[str]]) -> int | None:
    """The position of the cell with the class; None if the file has no span layer."""
    spans = [layer[0] for layer in layers if not layer[-1]]
    chosen = LAYER if LAYER in spans else spans[0] if len(spans) == 1 else None
    if chosen is None and spans:
        raise InputError(
            f"{len(spans)} span layers, none of them NamedEntity", hint="export one span layer"
        )
    cell = 3
    for layer in layers:
        features = layer[1:-1] or [""]
        if layer[0] == chosen:
            named = [i for i, name in enumerate(features) if name in (FEATURE, "label")]
            return cell + (named[0] if named else 0)
        cell += len(features)
    return None


def _row(line: str, number: int, column: int | None) -> tuple[int, bool, int, int, str, str]:
    cells = line.split("\t")
    token = TOKEN.fullmatch(cells[0])
    place = PLACE.fullmatch(cells[1]) if len(cells) > 2 else None
    if token is None or place is None:
        raise InputError(
            f"{line[:40]!r} is not a token", hint="a line has 1-1, 0-2, the token and its cells"
        )
    if column is not None and column >= len(cells):
        raise InputError(f"{len(cells)} columns", hint=f"the header announces {column + 1} or more")
    cell = "_" if column is None else cells[column]
    return number, token[3] is None, int(place[1]), int(place[2]), _plain(cells[2]), cell


def _record(id_: str, block: Block, seen: set[str], notes: Counter[str]) -> Record:
    text = "\n".join(block.text)
    first = block.rows[0]
    lead = text.find(first[4])
    shift = first[2] - _units(text[: max(0, lead)])
    place = {n: i for i, n in enumerate(accumulate(map(_units, text), initial=0))}
    tokens, marks = [], dict[str, Mark]()
    for number, is_token, a, b, surface, cell in block.rows:
        start, end = place.get(a - shift, -1), place.get(b - shift, -1)
        if not 0 <= start < end or text[start:end] != surface:
            raise InputError(
                f"{surface[:40]!r} is not at {a}-{b} of the text (line {number})",
                hint="offsets count UTF-16 units, as WebAnno writes them",
            )
        if is_token:
            tokens.append((start, end))
        for label, key in _entries(cell):
            if label is None:
                notes[CLASSLESS] += not (key and key in marks)
                continue
            key = key or f"line {number} {len(marks)}"
            if key in seen and key not in marks:
                notes[CROSSING] += 1
            begin = marks[key].start if key in marks else start
            marks[key] = Mark(begin, end, label)
    seen |= {*marks}
    return Record(id_, text, placed(text, marks.values()), tuple(tokens))


def _entries(cell: str) -> Iterator[tuple[str | None, str]]:
    """(class, number) of the spans of a cell; None for no class, "" for no number."""
    for entry in ENTRY.findall(cell) if cell not in ("_", "") else ():
        found = NUMBERED.fullmatch(entry)
        value, key = (found[1], found[2] or "") if found else (entry, "")
        yield (None if value in ("*", "_") else _plain(value)), key


def write_webanno(path: Path, records: Iterable[Record]) -> None:
    """Write one file per document, in the layer NamedEntity, with a line end between sentences."""
    for document, members in by_document(records):
        with file_of(path, document, ".tsv").open("w", encoding="utf-8", newline="") as file:
            file.write(HEAD)
            begin = marked = 0
            for number, record in enumerate(members, start=1):
                file.write("\n")
                for part in record.text.split("\n"):
                    file.write(f"#Text={_escaped(part)}\n")
                cells = _cells(record, marked)
                marked += len(record.marks or ())
                for i, (a, b) in enumerate(record.tokens or ()):
                    start = begin + _units(record.text[:a])
                    end = begin + _units(record.text[:b])
                    token = _escaped(record.text[a:b], "[]|_;*>")
                    file.write(f"{number}-{i + 1}\t{start}-{end}\t{token}\t{cells[i]}\t\n")
                begin += _units(record.text) + 1


def _cells(record: Record, marked: int) -> list[str]:
    """The two cells of each token; spans that share a token or have several are numbered."""
    places = on_tokens(record)
    held = Counter(i for a, b, _ in places for i in range(a, b))
    cells: list[tuple[list[str], list[str]]] = [([], []) for _ in record.tokens or ()]
    for n, (a, b, mark) in enumerate(places, start=marked + 1):
        key = f"[{n}]" if b - a > 1 or any(held[i] > 1 for i in range(a, b)) else ""
        for i in range(a, b):
            cells[i][0].append(f"*{key}")
            cells[i][1].append(_escaped(mark.label, "[]|_;*>") + key)
    return ["\t".join("|".join(c) if c else "_" for c in both) for both in cells]


def _units(text: str) -> int:
    return len(text) + sum(c > "\uffff" for c in text)


def _plain(cell: str) -> str:
    return re.sub(r"\\(.)", lambda m: CONTROLS.get(m[1], m[1]), cell, flags=re.DOTALL)


def _escaped(text: str, reserved: str = "") -> str:
    controls = {value: key for key, value in CONTROLS.items()}
    return "".join(
        f"\\{controls.get(c, c)}" if c == "\\" or c in controls or c in reserved else c
        for c in text
    )


def _is_webanno(head: Head) -> bool:
    return head.text.startswith("#FORMAT=WebAnno TSV 3")


register(
    Exchange(
        name="webanno",
        title="WebAnno TSV",
        suffix="",
        holds=frozenset({"text", "lines", "overlaps", "tokens", "documents"}),
        read=read_webanno,
        write=write_webanno,
        recognise=_is_webanno,
    )
)
