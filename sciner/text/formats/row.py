"""One JSON object as the tokens and labels of a sentence."""

from __future__ import annotations

import json
import re
import reprlib
from typing import Any, NamedTuple

from sciner.errors import InputError
from sciner.text.formats.check import check_length, check_spans, check_token
from sciner.text.formats.tokenise import tokenise
from sciner.text.spans import Span

ID = re.compile(r".+#[0-9]+")


class Row(NamedTuple):
    """What an object says; at most one of ``spans`` and ``tags`` is given. splits: tokens split at a span edge."""

    id: str | None
    document: str | None
    tokens: tuple[str, ...]
    spans: tuple[Span, ...] | None
    tags: tuple[str, ...] | None
    splits: int = 0


def parse_row(line: str) -> Row:
    """The object on ``line`` in one of the forms that ``read_jsonl`` names. Raises InputError without a place."""
    row = _object(line)
    id_, document = _text(row, "id"), _text(row, "document")
    if id_ is not None and not ID.fullmatch(id_):
        raise InputError(f'"id" {id_!r} is no sentence id', hint="an id is document#index")
    if document is not None and not ID.fullmatch(f"{document}#0"):
        raise InputError(f'"document" {document!r} is no name', hint="name it in one line")

    tags = _strings(row, "tags")
    tokens = _strings(row, "tokens")
    splits = 0
    if tokens is not None:
        spans = _spans(row, "spans")
        if spans is not None:
            spans = check_spans(spans, len(tokens))
    else:
        text = _text(row, "text")
        if text is None:
            raise InputError('neither "tokens" nor "text"', hint='write {"tokens": [...], ...} or {"text": "...", ...}')
        spans = _spans(row, "spans" if row.get("spans") is not None else "entities")
        tokens, found, splits = tokenise(text, spans or ())
        spans = None if spans is None else found
    check_length(len(tokens), too_long="write one sentence an object, of at most 2,000 tokens")
    for token in tokens:
        check_token(token)
    if tags is not None and spans is not None:
        raise InputError('"tags" and "spans" in one row', hint="keep one of them")
    if tags is not None and len(tags) != len(tokens):
        raise InputError(f"{len(tags)} tags for {len(tokens)} tokens", hint="give one tag a token")
    return Row(id_, document, tokens, spans, tags, splits)


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if "\\u" in line:  # an escaped lone surrogate parses, but could never be written as UTF-8
            json.dumps(row, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise InputError(f"invalid JSON at column {error.colno} ({error.msg})", hint="write one object a line") from None
    except (ValueError, RecursionError):
        raise InputError("JSON with a lone surrogate, a giant number or deep nesting", hint="mend the line") from None
    if not isinstance(row, dict):
        raise InputError(f"a JSON {type(row).__name__}", hint="write one object a line")
    return row


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f'"{key}" is no string', hint="put it in quotes")
    return value


def _strings(row: dict[str, Any], key: str) -> tuple[str, ...] | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f'"{key}" is no list of strings', hint=f'write "{key}": ["...", "..."]')
    return tuple(value)


def _spans(row: dict[str, Any], key: str) -> tuple[Span, ...] | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list):
        raise InputError(f'"{key}" is no list', hint=f'write "{key}": [[start, end, "label"], ...]')
    return tuple(_span(item) for item in value)


def _span(item: object) -> Span:
    parts = [item.get(name) for name in Span._fields] if isinstance(item, dict) else item
    match parts:
        # bool is an int to Python, not to JSON
        case [int(start), int(end), str(label)] if not isinstance(start, bool) and not isinstance(end, bool):
            return Span(start, end, label)
    raise InputError(f"{reprlib.repr(item)} is no span", hint='write [start, end, "label"] or name the three')
