"""spaCy's DocBin: what `spacy train` reads and Prodigy's db-out --to-spacy writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any

from sciner.errors import InputError
from sciner.text.formats.check import located
from sciner.text.formats.exchange.base import Exchange, Head, register
from sciner.text.formats.exchange.fields import check_id, is_id
from sciner.text.formats.places import check_tokens, placed
from sciner.text.formats.record import Mark, Origin, Record, on_tokens

OURS = "sciner_id"
GROUP = "sc"  # where spaCy's spancat keeps spans


def read_docbin(path: Path, notes: Counter[str]) -> Iterator[Record]:
    """Read one record per Doc: its entities, or the span group "sc", whose spans may overlap.

    A Doc with neither is unlabelled.
    """
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    try:
        docs = list(DocBin().from_disk(path).get_docs(Vocab()))
    except Exception as error:  # msgpack, zlib, numpy or spaCy raise errors without a common base
        problem = shorten(f"not a readable DocBin ({type(error).__name__}: {error})", 200)
        raise InputError(problem, file=path, line=1, hint="write the file again") from None
    for number, doc in enumerate(docs, start=1):
        with located(path, number):
            found = doc.user_data.get(OURS)
            id_ = found if isinstance(found, str) and is_id(found) else f"{path.stem}.{number}"
            spans = doc.ents or doc.spans.get(GROUP, ())
            marks = placed(doc.text, [Mark(s.start_char, s.end_char, s.label_) for s in spans])
            solid = tuple((t.idx, t.idx + len(t)) for t in doc if t.text.strip())
            labelled = doc.has_annotation("ENT_IOB") or GROUP in doc.spans
            tokens = check_tokens(doc.text, solid)
            given = marks if labelled else None
            yield Record(check_id(id_), doc.text, given, tokens, origin=Origin(number))


def write_docbin(path: Path, records: Iterable[Record]) -> None:
    """Write spans as entities, or as the span group "sc" in a Doc with overlapping spans."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab = Vocab()
    DocBin(docs=[_doc(record, vocab) for record in records], store_user_data=True).to_disk(path)


def _doc(record: Record, vocab: Any) -> Any:
    from spacy.tokens import Doc, Span

    words: list[str] = []
    spaces: list[bool] = []
    index: list[int] = []
    at = 0
    for a, b in record.tokens or ():
        if gap := record.text[at:a]:
            if spaces and gap.startswith(" "):
                spaces[-1], gap = True, gap[1:]
            if gap:  # in spaCy, white space is a token, except for one space after each word
                words.append(gap)
                spaces.append(False)
        index.append(len(words))
        words.append(record.text[a:b])
        spaces.append(False)
        at = b
    doc = Doc(vocab, words=words, spaces=spaces)
    doc.user_data[OURS] = record.id
    if record.marks is None:
        return doc
    spans = [Span(doc, index[a], index[b - 1] + 1, m.label) for a, b, m in on_tokens(record)]
    ends = [span.end for span in spans]
    if any(span.start < end for span, end in zip(spans[1:], ends, strict=False)):
        doc.spans[GROUP] = spans
    else:
        doc.set_ents(spans, default="outside")
    return doc


def _is_docbin(head: Head) -> bool:
    return head.suffix == ".spacy"


register(
    Exchange(
        name="docbin",
        title="spaCy DocBin",
        suffix=".spacy",
        holds=frozenset({"text", "lines", "overlaps", "tokens", "ids", "unlabelled"}),
        read=read_docbin,
        write=write_docbin,
        recognise=_is_docbin,
        extra="spacy",
        library="spacy",
    )
)
