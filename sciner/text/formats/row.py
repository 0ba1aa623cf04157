"""One JSON object as the tokens and labels of a sentence."""

from __future__ import annotations

import re
from types import UnionType
from typing import Any, NamedTuple

from sciner.errors import InputError
from sciner.text.corpus import UNMASKED, accepted
from sciner.text.formats.check import check_length, check_spans, check_token
from sciner.text.formats.documents import DOCSTART
from sciner.text.formats.fields import parse_object, spans_of, strings_of, text_of
from sciner.text.formats.repair import Repairs, longest_allowed, without_blanks
from sciner.text.formats.running import Offsets, longest, pieces
from sciner.text.spans import Span

ID = re.compile(r".+#[0-9]+")
# keys under which other tools keep labels
FOREIGN = (
    *("ner_tags", "ner_labels", "bio", "iob", "label", "labels", "annotations", "ner"),
    *("ents", "entities", "named_entities", "entity_mentions", "mentions"),
)


class Row(NamedTuple):
    """A sentence of an object; it has spans or tags, not both.

    Attributes:
        id: the sentence's id, if the object gives one.
        document: the document's name, if the object gives one.
        tokens: its words.
        spans: in tokens; None if the object has none.
        tags: one for each token; None if the object has none.
        masked: positions of tokens whose label is not known.
        dropped: labels of the spans that could not be kept.
        overlapping: how many of these overlapped another span.
        offsets: of the tokens in the text, if there is one.
        blanks: number of tokens left out.
        foreign: the key of labels that are not read, if the object has no others.
    """

    id: str | None
    document: str | None
    tokens: tuple[str, ...]
    spans: tuple[Span, ...] | None = None
    tags: tuple[str, ...] | None = None
    masked: frozenset[int] = UNMASKED
    dropped: tuple[str, ...] = ()
    overlapping: int = 0
    offsets: Offsets | None = None
    blanks: int = 0
    foreign: str | None = None


def parse_rows(line: str, repair: Repairs = ()) -> list[Row]:
    """Parse the object of a line into its sentences; ``read_jsonl`` lists the forms.

    An object that its annotator rejected or ignored (Prodigy's "answer") has none. A row of
    -DOCSTART- alone begins a document.

    Raises:
        InputError: the object is malformed; the error names no file or line.
    """
    return parse_row(parse_object(line), repair)


def parse_row(row: dict[str, Any], repair: Repairs = ()) -> list[Row]:
    """Parse an object into its sentences, as ``parse_rows`` does."""
    if row.get("answer") in ("reject", "ignore"):
        return []
    id_, document = names_of(row)
    if _is_scierc(row):
        found = _scierc_rows(row)
    elif "text" in row and _holds(row.get("tokens"), dict):  # Prodigy's own tokens
        found = _running_rows(row, id_, document, repair)
    elif (tokens := strings_of(row, "tokens")) == (DOCSTART,):
        return [Row(None, document, (DOCSTART,))]
    elif tokens is not None:
        found = [_token_row(row, id_, document, tokens, repair)]
    else:
        found = _running_rows(row, id_, document, repair)
    for sentence in found:
        too_long = "write one sentence per object, of at most 2,000 tokens"
        check_length(len(sentence.tokens), too_long=too_long, most=longest_allowed(repair))
        for token in sentence.tokens:
            check_token(token)
    return found


def names_of(row: dict[str, Any]) -> tuple[str | None, str | None]:
    """The sentence id and the document that an object names; None for each that it does not.

    An "id" that is not ``document#index`` names the document of a text that has no other name. It
    is ignored for tokens, which are one sentence.
    """
    value, document = row.get("id"), text_of(row, "document")
    id_ = str(value) if type(value) is int else text_of(row, "id")
    if document is not None and not ID.fullmatch(f"{document}#0"):
        raise InputError(
            f'"document" {document!r} is not a valid name', hint="use one line of text"
        )
    if id_ is None or (type(value) is str and ID.fullmatch(id_)):
        return id_, document
    if document is None and isinstance(row.get("text"), str) and ID.fullmatch(f"{id_}#0"):
        document = id_
    return None, document


def _foreign(row: dict[str, Any]) -> str | None:
    """The key under which another tool's labels (spans, or one label per token) were found."""
    tokens = row.get("tokens")
    length = len(tokens) if isinstance(tokens, list) else 0
    return next((key for key in FOREIGN if _holds_labels(row.get(key), length)), None)


def _holds_labels(value: object, length: int) -> bool:
    each = isinstance(value, list) and 0 < len(value) == length
    return each or _holds(value, list | dict)


def _holds(value: object, kind: type | UnionType) -> bool:
    return isinstance(value, list) and any(isinstance(item, kind) for item in value)


def _token_row(
    row: dict[str, Any],
    id_: str | None,
    document: str | None,
    tokens: tuple[str, ...],
    repair: Repairs,
) -> Row:
    tags, marked = strings_of(row, "tags"), spans_of(row, "spans")
    lost: list[Span] = []
    if marked is not None:
        marked, lost = _disjoint(marked, len(tokens), "tokens", repair)
    if tags is not None and marked is not None:
        raise InputError('both "tags" and "spans" in one row', hint="keep one of them")
    if tags is not None and len(tags) != len(tokens):
        raise InputError(
            f"{len(tags)} tags for {len(tokens)} tokens", hint="give each token one tag"
        )
    spans, masked = _unmasked(row, marked, len(tokens))
    solid = (
        tuple(token for token in tokens if token.strip())
        if "drop_blank_tokens" in repair
        else tokens
    )
    if blanks := len(tokens) - len(solid):
        moved, masked = without_blanks(tokens, spans or (), masked)
        spans = None if spans is None else tuple(moved)
        tags = (
            None
            if tags is None
            else tuple(tag for tag, token in zip(tags, tokens, strict=True) if token.strip())
        )
    foreign = None if spans or tags else _foreign(row)
    dropped = tuple(span.label for span in lost)
    return Row(
        id_,
        document,
        solid,
        spans,
        tags,
        masked,
        dropped,
        len(lost),
        blanks=blanks,
        foreign=foreign,
    )


def _disjoint(
    spans: tuple[Span, ...], length: int, unit: str, repair: Repairs
) -> tuple[tuple[Span, ...], list[Span]]:
    """The spans in order, and those removed by the repair; raises InputError for other overlaps."""
    if "longest_span" not in repair:
        return check_spans(spans, length, unit), []
    for span in spans:
        check_spans([span], length, unit)
    kept, lost = longest(spans)
    return tuple(kept), lost


def _running_rows(
    row: dict[str, Any], id_: str | None, document: str | None, repair: Repairs
) -> list[Row]:
    """The sentences of running text; a text with a sentence id is one sentence."""
    text = text_of(row, "text")
    if text is None:
        raise InputError(
            'neither "tokens" nor "text"',
            hint='write {"tokens": [...], ...} or {"text": "...", ...}',
        )
    for key in ("tags", "masked"):
        if row.get(key):
            raise InputError(f'"{key}" of a text', hint='give "tokens" instead of "text"')
    spans = spans_of(row, "spans" if row.get("spans") is not None else "entities")
    gold = spans is not None
    spans, lost = _disjoint(spans or (), len(text), "characters", repair)
    foreign = None if spans else _foreign(row)
    return [
        Row(
            id_,
            document,
            p.tokens,
            p.spans if gold else None,
            None,
            UNMASKED,
            p.dropped,
            p.overlapping,
            p.offsets,
            0,
            foreign,
        )
        for p in pieces(text, spans, lost, whole=id_ is not None or not text.strip())
    ]


def _is_scierc(row: dict[str, Any]) -> bool:
    """Whether it is the original form of SciERC (Luan et al. 2018), as read by DyGIE and PURE."""
    return isinstance(row.get("sentences"), list) and "tokens" not in row and "text" not in row


def _scierc_rows(row: dict[str, Any]) -> list[Row]:
    """The sentences of a SciERC document.

    "sentences" are lists of tokens; "ner" has one list of [first, last, label] for each of them,
    counted over the document and both inclusive. Of overlapping spans the longest is kept. A
    sentence without tokens is left out.
    """
    name = text_of(row, "doc_key")
    sentences = [
        strings_of({"sentences": tokens}, "sentences") or () for tokens in row["sentences"]
    ]
    ner = row.get("ner")
    if ner is not None and (not isinstance(ner, list) or len(ner) != len(sentences)):
        raise InputError(
            '"ner" does not have one list for each of the "sentences"',
            hint="write [] for a sentence without entities",
        )
    found, start = [], 0
    for i, tokens in enumerate(sentences):
        spans = dropped = None
        if ner is not None:
            marked = [
                Span(s.start - start, s.end + 1 - start, s.label)
                for s in spans_of({"ner": ner[i]}, "ner") or ()
            ]
            for span in marked:
                check_spans([span], len(tokens))
            spans, dropped = longest(marked)
        if tokens:
            lost = tuple(span.label for span in dropped or ())
            found.append(
                Row(
                    None,
                    name,
                    tokens,
                    None if spans is None else tuple(spans),
                    dropped=lost,
                    overlapping=len(lost),
                )
            )
        start += len(tokens)
    if not found:
        raise InputError("a document without tokens", hint="leave it out")
    return found


def _unmasked(
    row: dict[str, Any], spans: tuple[Span, ...] | None, length: int
) -> tuple[tuple[Span, ...] | None, frozenset[int]]:
    """The spans without a masked token, and the positions of all tokens without a known label.

    Those of "masked", and those of spans that contain one or are listed in "rejected".
    """
    value = row.get("masked")
    if not value:
        return spans, UNMASKED
    if not isinstance(value, list) or not all(type(i) is int and 0 <= i < length for i in value):
        raise InputError(
            '"masked" is not a list of token positions', hint=f"count the {length} tokens from 0"
        )
    if spans is None:
        raise InputError('"masked" without "spans"', hint='write the known spans as "spans"')
    known = accepted(spans, frozenset(value))
    doubtful = [*(s for s in spans if s not in known), *(spans_of(row, "rejected") or ())]
    touched = {i for s in doubtful for i in range(s.start, s.end)}
    return known, frozenset({*value, *touched} & set(range(length)))
