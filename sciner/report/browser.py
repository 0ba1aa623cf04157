"""The sentences of a run as JSON for the text browser: what is shown is decided there, what is
wrong is said here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sciner.report.sentences import Part, findings_of, read_part, rounds_of
from sciner.score.errors import Finding, Kind
from sciner.text.corpus import Example
from sciner.text.spans import Span

KINDS = [*Kind, "unjudged"]  # the last: of sentences without gold
CHUNK = 200  # sentences a script element, so that a page is read as it is needed


def browser_data(folder: Path, last: int = 3) -> tuple[dict[str, Any], list[str]]:
    """(what there is, chunks of sentences as JSON) of the ``last`` rounds of a run.

    A sentence is {"id", "part", "tokens", "gold": spans or null, "rounds": {round: {"found":
    [...], "lost": spans}}}; a span is [start, end, class], a class its place among the labels.
    Of each round, "found" has a row a finding: [kind, gold span or null, predicted span or null,
    confidence or null, new since the last round], and "lost" what the last round predicted and
    this one does not.
    """
    every = rounds_of(folder)
    shown = every[-last:]
    rows: dict[tuple[Part, str], dict[str, Any]] = {}
    labels: dict[str, int] = {}

    def span(one: Span | None) -> list[int] | None:
        return (
            None if one is None else [one.start, one.end, labels.setdefault(one.label, len(labels))]
        )

    parts: tuple[Part, ...] = ("test", "silver")
    for part in parts:
        before = _by_id(read_part(folder, shown[0] - 1, part)) if shown[0] - 1 in every else {}
        for number in shown:
            examples = read_part(folder, number, part)
            for e in examples:
                id = e.sentence.id
                row = rows.setdefault(
                    (part, id), {"id": id, "part": part, "tokens": e.sentence.tokens, "rounds": {}}
                )
                row["gold"] = (
                    None if e.sentence.spans is None else [span(s) for s in e.sentence.spans]
                )
                earlier = before[id].spans if id in before else None
                confidence = dict(zip(e.spans, e.confidences, strict=True))
                found = [
                    [
                        KINDS.index(kind),
                        span(gold),
                        span(predicted),
                        None if predicted is None else round(confidence[predicted], 3),
                        int(
                            predicted is not None
                            and earlier is not None
                            and predicted not in earlier
                        ),
                    ]
                    for kind, gold, predicted in _findings(e)
                ]
                lost = [span(s) for s in earlier or () if s not in confidence]
                row["rounds"][number] = {"found": found, "lost": lost}
            before = _by_id(examples)
    has = sorted(
        {
            found[0]
            for row in rows.values()
            for one in row["rounds"].values()
            for found in one["found"]
        }
    )
    about = {
        "rounds": shown,
        "labels": list(labels),
        "kinds": KINDS,
        "has": has,
        "sentences": len(rows),
    }
    whole = list(rows.values())
    return about, [script_json(whole[at : at + CHUNK]) for at in range(0, len(whole), CHUNK)]


def _findings(example: Example) -> Sequence[tuple[str, Span | None, Span | None] | Finding]:
    if example.sentence.spans is None:
        return [("unjudged", None, s) for s in example.spans]
    return findings_of(example)


def _by_id(examples: Sequence[Example]) -> dict[str, Example]:
    return {e.sentence.id: e for e in examples}


def script_json(value: Any) -> str:
    """JSON that can stand in a script element: no ``<``, so that nothing in it ends the element or
    opens another."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )
