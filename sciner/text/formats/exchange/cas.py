"""UIMA CAS, which INCEpTION reads and writes, as JSON or XMI, by dkpro-cassis."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.files import by_document, file_of, whole
from sciner.text.formats.places import check_tokens, placed
from sciner.text.formats.record import Mark, Record

DKPRO = "de.tudarmstadt.ukp.dkpro.core.api."
ENTITY = f"{DKPRO}ner.type.NamedEntity"
SENTENCE = f"{DKPRO}segmentation.type.Sentence"
TOKEN = f"{DKPRO}segmentation.type.Token"
CLASSLESS = "spans without a class left out"
FEATURES = ("value", "label")


def read_cas(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read the sentences of a document, which is named after its file.

    The document is one record if the CAS has no sentences or a span crosses the end of one. XMI
    needs its types in TypeSystem.xml beside it. Spans are those of NamedEntity, or of the only
    custom layer.

    Raises:
        InputError: the CAS cannot be read, or has several custom layers.
    """
    if path.suffix.lower() == ".xml":  # the types of XMI
        return
    cas = _load(path)
    text = cas.sofa_string or ""
    with located(path, 1):
        layer = _layer(cas)
        found = [(a, _label(a)) for a in (cas.select(layer) if layer else ())]
        notes.update(+Counter({CLASSLESS: sum(label is None for _, label in found)}))
        marks = placed(text, [Mark(a.begin, a.end, n) for a, n in found if n is not None])
        tokens = check_tokens(text, places(cas, TOKEN))
        sentences = check_sentences(text, places(cas, SENTENCE))
    inside = [[m for m in marks if a <= m.start and m.end <= b] for a, b in sentences]
    if not sentences or sum(map(len, inside)) < len(marks):
        yield Record(path.stem, text, marks, tokens or None)
        return
    for index, ((begin, end), held) in enumerate(zip(sentences, inside, strict=True)):
        yield Record(
            f"{path.stem}#{index}",
            text[begin:end],
            tuple(m._replace(start=m.start - begin, end=m.end - begin) for m in held),
            tuple((a - begin, b - begin) for a, b in tokens if begin <= a and b <= end) or None,
        )


def check_sentences(
    text: str, sentences: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Raise InputError for sentences that overlap or leave the text."""
    before = 0
    for start, end in sentences:
        if not before <= start < end <= len(text):
            raise InputError(
                f"sentence {start} {end} is not in this text", hint="export the file again"
            )
        before = end
    return sentences


def write_cas(path: Path, records: Iterable[Record]) -> None:
    """Write one JSON file per document, in the layer NamedEntity; line ends separate its texts."""
    import cassis

    types = cassis.TypeSystem()  # only those we use; DKPro has 500
    for name in (SENTENCE, TOKEN, ENTITY):
        types.create_type(name=name)
    types.create_feature(types.get_type(ENTITY), "value", "uima.cas.String")
    for document, members in by_document(records):
        joined = whole(document, members)
        cas = cassis.Cas(typesystem=types)
        cas.sofa_string, cas.sofa_mime = joined.text, "text/plain"
        begin = 0
        for record in members:
            if record.is_sentence:
                end = begin + len(record.text)
                cas.add(types.get_type(SENTENCE)(begin=begin, end=end))
            for a, b in record.tokens or ():
                cas.add(types.get_type(TOKEN)(begin=begin + a, end=begin + b))
            begin += len(record.text) + 1
        for m in joined.marks or ():
            cas.add(types.get_type(ENTITY)(begin=m.start, end=m.end, value=m.label))
        cas.to_json(file_of(path, document, ".json"))


def _load(path: Path) -> Any:
    import cassis

    types = path.with_name("TypeSystem.xml")
    if path.suffix.lower() == ".xmi" and not types.is_file():
        raise InputError("no TypeSystem.xml beside it", file=path, hint="export both, or JSON")
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cassis warns of unused types
            if path.suffix.lower() != ".xmi":
                return cassis.load_cas_from_json(file)
            with types.open("rb") as described:
                return cassis.load_cas_from_xmi(file, cassis.load_typesystem(described))
    except Exception as error:  # lxml, json and cassis raise errors without a common base class
        problem = shorten(f"not a readable CAS ({type(error).__name__}: {error})", 200)
        raise InputError(problem, file=path, line=1, hint="export the file again") from None


def places(cas: Any, name: str) -> tuple[tuple[int, int], ...]:
    """(start, end) of the annotations of a type, in order; none if there is no such type."""
    if not cas.typesystem.contains_type(name):
        return ()
    return tuple(sorted((a.begin, a.end) for a in cas.select(name)))


def _layer(cas: Any) -> str | None:
    """The layer whose spans are read."""
    used: set[str] = {a.type.name for a in cas.select_all_annotations()}
    custom = sorted(n for n in used if not n.startswith(("uima.", "de.tudarmstadt.", "org.dkpro.")))
    if ENTITY in used or not custom:
        return ENTITY if ENTITY in used else None
    if len(custom) > 1:
        raise InputError(
            f"several layers: {', '.join(custom)}", hint="export one of them, or NamedEntity"
        )
    return custom[0]


def _label(annotation: Any) -> str | None:
    names = [f.name for f in annotation.type.all_features]
    chosen = [name for name in FEATURES if name in names] or [
        name for name in names if isinstance(annotation.get(name), str)
    ]
    value = annotation.get(chosen[0]) if chosen else None
    return None if value is None else str(value)


def _is_cas(head: Head) -> bool:
    xmi = "<xmi:XMI" in head.text or "<typeSystemDescription" in head.text
    return xmi or "%FEATURE_STRUCTURES" in head.text or "%TYPES" in head.text


register(
    Exchange(
        name="cas",
        title="UIMA CAS",
        suffix="",
        holds=frozenset({"text", "lines", "edges", "overlaps", "tokens", "documents"}),
        read=read_cas,
        write=write_cas,
        recognise=_is_cas,
        extra="inception",
        library="cassis",
    )
)
