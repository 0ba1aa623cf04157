"""The sentences of a run as JSON for the text browser of the page.

Errors are found here; the browser only decides what to show.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sciner.report.sentences import Part, findings_of, read_part, rounds_of
from sciner.score.errors import Finding, Kind
from sciner.text.corpus import Example
from sciner.text.spans import Span

KINDS = [*Kind, "unjudged"]  # the last is for sentences without gold
CHUNK = 200  # sentences in a script element: a browser parses them as they are needed


def browser_data(folder: Path, last: int = 3) -> tuple[dict[str, Any], list[str]]:
    """Collect the sentences of the last rounds of a run.

    A sentence is ``{"id", "part", "tokens", "gold": spans or null, "rounds": {round: {"found":
    [...], "lost": spans}}}``. A span is [start, end, class]; a class is its index among the labels.
    "found" has a row for each finding: [kind, gold span or null, predicted span or null, confidence
    or null, whether it is new since the previous round]. "lost" has the spans that the previous
    round predicted and this one does not.

    Args:
        folder: of the run.
        last: how many rounds.

    Returns:
        (rounds, labels and kinds, chunks of sentences as JSON).
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
    """Write JSON for a script element: without ``<``, nothing in it can end the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )
