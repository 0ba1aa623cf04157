"""``suspects.jsonl``: the sentences of a round whose labels are contradicted, for review."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.score.errors import Kind
from sciner.score.suspects import Suspect, Suspected
from sciner.text.corpus import UNMASKED, Example, Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.source import read_lines
from sciner.text.spans import Span, encode

SUSPECTS = "suspects.jsonl"


def write_suspects(path: Path, found: Iterable[Suspected]) -> None:
    """Write one sentence per line, as ``text.formats.jsonl.read_jsonl`` reads it.

    The keys are "id", "tokens", "spans" (the labels that were trained on), "source", "round",
    "suspects", and "masked" where tokens are left out of the loss. A suspect has "kind", "given",
    "suggested", "p_given" and "p_suggested", with spans as [start, end, class] or null. With
    corrected spans, the file is a file of gold.
    """
    write_lines(path, (json.dumps(_row(one), ensure_ascii=False) for one in found))


def read_suspects(path: Path) -> list[Suspected]:
    """Read what ``write_suspects`` wrote, without weights and confidences.

    Raises:
        InputError: it is another file.
    """
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            continue
        try:
            found.append(_suspected(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            problem = (
                f"this is not a file of suspects that a run wrote ({type(error).__name__}: {error})"
            )
            raise InputError(problem, file=path, line=number) from None
    return found


def _row(one: Suspected) -> dict[str, Any]:
    e = one.example
    return {
        "id": e.sentence.id,
        "tokens": e.sentence.tokens,
        "spans": e.accepted(),
        **({"masked": sorted(e.masked)} if e.masked else {}),
        "source": e.source,
        "round": e.round,
        "suspects": [
            s._asdict() | {"p_given": round(s.p_given, 6), "p_suggested": round(s.p_suggested, 6)}
            for s in one.suspects
        ],
    }


def _suspected(row: dict[str, Any]) -> Suspected:
    sentence = Sentence(str(row["id"]), tuple(map(str, row["tokens"])))
    spans = tuple(Span(int(start), int(end), str(label)) for start, end, label in row["spans"])
    encode(spans, len(sentence.tokens))
    mask = frozenset(map(int, row.get("masked", ()))) or UNMASKED
    example = Example(sentence, spans, str(row["source"]), int(row["round"]), masked=mask)
    suspects = tuple(_suspect(s, len(sentence.tokens)) for s in row["suspects"])
    if not suspects:
        raise ValueError("none in this sentence")
    return Suspected(example, suspects)


def _suspect(row: dict[str, Any], length: int) -> Suspect:
    given, suggested = (
        None if row[side] is None else Span(int(row[side][0]), int(row[side][1]), str(row[side][2]))
        for side in ("given", "suggested")
    )
    if given is None and suggested is None:
        raise ValueError("a suspect without a span")
    for span in (given, suggested):
        encode([span] if span else [], length)
    return Suspect(
        Kind(row["kind"]), given, suggested, float(row["p_given"]), float(row["p_suggested"])
    )
