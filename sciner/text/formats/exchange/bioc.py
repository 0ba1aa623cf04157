"""BioC XML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from sciner.errors import InputError
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.brat import WHOLE
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import check_id
from sciner.text.formats.exchange.xml import Element, check_xml, parse_xml
from sciner.text.formats.places import placed
from sciner.text.formats.record import Mark, Record

RELATIONS = "relations left out"
GIVEN = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}  # a parser would turn them into spaces
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">'


def read_bioc(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one record per document.

    Its text is that of the passages, or of their sentences, at their offsets, with line ends
    between them. The infon "type" (or the only infon) is the class, "score" the confidence. An
    annotation with several locations becomes one span, from the first to the last.

    Raises:
        InputError: the file is not a BioC collection, or a location does not fit the text.
    """
    root = parse_xml(path)
    if root.tag != "collection":
        raise InputError(
            f"<{root.tag}> is not a BioC collection",
            file=path,
            line=root.line,
            hint="the root must be <collection>",
        )
    for document in root.all("document"):
        with located(path, document.line):
            id_ = check_id((document.child("id") or Element("id", {}, 0)).text)
        text = ""
        for passage in document.all("passage"):
            for block in passage.all("sentence") or [passage]:
                with located(path, block.line):
                    text = _appended(text, block)
        found = document.below("annotation")
        marks, surfaces = [], []
        for annotation in found:
            with located(path, annotation.line):
                mark, surface = _mark(annotation, notes)
                marks.append(mark)
                surfaces.append(surface)
                placed(text, [mark], [surface])
        notes.update(+Counter({RELATIONS: len(document.below("relation"))}))
        with located(path, document.line):
            yield Record(id_, text, placed(text, marks, surfaces))


def _appended(text: str, block: Element) -> str:
    """``text`` with the text of a passage or sentence added at its offset."""
    child = block.child("text")
    if child is None:
        return text
    offset = _number(getattr(block.child("offset"), "text", ""))
    if offset < len(text):
        raise InputError(
            f"a passage at {offset}, after {len(text)} characters of text",
            hint="count characters, not bytes",
        )
    return text + "\n" * (offset - len(text)) + child.text


def _mark(annotation: Element, notes: Counter[str]) -> tuple[Mark, str | None]:
    infons = {child.attributes.get("key", ""): child.text for child in annotation.all("infon")}
    label = infons.get("type") or (next(iter(infons.values())) if len(infons) == 1 else "")
    places = sorted(
        (_number(p.attributes.get("offset", "")), _number(p.attributes.get("length", "")))
        for p in annotation.all("location")
    )
    if not places:
        raise InputError("an annotation without a location", hint="add a location")
    surface = getattr(annotation.child("text"), "text", None)
    if len(places) > 1:
        notes[WHOLE] += 1
        surface = None
    try:
        score = float(infons["score"]) if "score" in infons else None
    except ValueError:
        raise InputError(
            f"score {infons['score'][:40]!r} is not a number", hint="write a number from 0 to 1"
        ) from None
    return Mark(places[0][0], max(a + n for a, n in places), label, score), surface


def _number(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or len(text) > 12:
        raise InputError(f"offset {text[:40]!r} is not a number", hint="count characters from 0")
    return int(text)


def write_bioc(path: Path, records: Iterable[Record]) -> None:
    """Write one document of one passage per record."""

    def lines() -> Iterator[str]:
        yield f"{HEAD}\n<collection><source>sciner</source><date></date><key></key>"
        for record in records:
            check_xml(record.text, record.id, "BioC")
            check_xml(record.id, record.id, "BioC")
            yield f"<document><id>{escape(record.id, GIVEN)}</id><passage><offset>0</offset>"
            yield f"<text>{escape(record.text, GIVEN)}</text>"
            for number, mark in enumerate(record.marks or ()):
                yield _annotation(number, mark, record.text)
            yield "</passage></document>"
        yield "</collection>"

    write_lines(path, lines())


def _annotation(number: int, mark: Mark, text: str) -> str:
    infons = {"type": mark.label}
    if mark.confidence is not None:
        infons["score"] = repr(mark.confidence)
    infons_xml = "".join(
        f"<infon key={quoteattr(k)}>{escape(v)}</infon>" for k, v in infons.items()
    )
    held = escape(text[mark.start : mark.end], GIVEN)
    place = f'<location offset="{mark.start}" length="{mark.end - mark.start}"/>'
    return f'<annotation id="{number}">{infons_xml}{place}<text>{held}</text></annotation>'


def _is_bioc(head: Head) -> bool:
    return "<collection" in head.text and head.text.lstrip().startswith("<")


register(
    Exchange(
        name="bioc",
        title="BioC XML",
        suffix=".xml",
        holds=frozenset({"text", "lines", "edges", "overlaps", "confidences", "ids"}),
        read=read_bioc,
        write=write_bioc,
        recognise=_is_bioc,
    )
)
