"""The sentences of a run, read from its folder: gold beside predictions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from sciner.errors import InputError, nearest
from sciner.score.errors import Finding, Kind, findings
from sciner.store.layout import RUNS
from sciner.text.corpus import Example
from sciner.text.formats.jsonl import read_examples_jsonl, read_jsonl
from sciner.text.spans import Span

Part = Literal["test", "silver"]
FILES: dict[Part, tuple[str, str]] = {
    "test": ("test_predictions.jsonl", "test_gold.jsonl"),
    "silver": ("annotated.jsonl", "pool_gold.jsonl"),
}


def figures_of(run: str, store: Path) -> Path:
    """Find the folder with the figures of a run.

    Args:
        run: a folder, or an id in ``store``.
        store: the folder of the store.

    Returns:
        The folder of the run, or that of its record.

    Raises:
        InputError: there is no such run.
    """
    if (Path(run) / "rounds.jsonl").is_file():
        return Path(run)
    record = store / RUNS / run
    if "/" in run or not (record / "run.json").is_file():
        raise InputError(
            f"{run!r} is not the folder of a run, and not the id of a run in {store}",
            hint="give one of the two",
        )
    return record


def folder_of(run: str, store: Path) -> Path:
    """Find the folder with the sentences of a run.

    Args:
        run: a folder, or an id in ``store``.
        store: the folder of the store.

    Raises:
        InputError: there is no such run, or its folder was deleted (a record has no sentences).
    """
    place = figures_of(run, store)
    if place == Path(run):
        return place
    folder = Path(about_of(place / "run.json").get("tags", {}).get("sciner.directory", run))
    if about_of(folder / "run.json").get("id") != run:
        raise InputError(
            f"the folder of run {run} does not exist any more ({folder})",
            hint="run it again, which is fast: its steps are in the store",
        )
    return folder


def nearest_class(label: str, known: Iterable[str]) -> str:
    """Write the hint for a class that a run does not have.

    Case is ignored, and an abbreviation finds its class.

    >>> nearest_class("tsk", ["MethodName", "TaskName"])
    "did you mean 'TaskName'?"
    """
    by_case = {name.casefold(): name for name in sorted(known)}
    close = get_close_matches(label.casefold(), by_case, n=1, cutoff=0.5)
    return f"did you mean {by_case[close[0]]!r}?" if close else nearest(label, by_case.values())


def about_of(file: Path) -> dict[str, Any]:
    """Read a ``run.json``; empty if there is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def name_of(folder: Path) -> str:
    """Return the name of a run: the overrides of its command."""
    return about_of(folder / "run.json").get("name") or folder.name


def rounds_of(folder: Path) -> list[int]:
    """List the rounds whose sentences are in the folder, ascending.

    Raises:
        InputError: there are none.
    """
    found = sorted(
        int(place.name[6:]) for place in folder.glob("round_*") if place.name[6:].isdecimal()
    )
    if not found:
        raise InputError(
            "this folder has no sentences of any round",
            file=folder,
            hint="run it again, which is fast: its steps are in the store",
        )
    return found


def read_part(folder: Path, round: int, part: Part) -> list[Example]:
    """Read the sentences of a round, in the order of the corpus.

    Args:
        folder: of the run.
        round: its number.
        part: "test" for the predictions on the test set, "silver" for the silver that the tagger
            was trained on (the spans that the loss sees).

    Returns:
        Each sentence with its predictions or silver, and its gold, if the run kept any.

    Raises:
        InputError: there is no such round, or a file cannot be read.
    """
    if round not in (known := rounds_of(folder)):
        raise InputError(
            f"there is no round {round}", file=folder, hint=f"its rounds are 0 to {known[-1]}"
        )
    predicted, kept = FILES[part]
    gold: dict[str, tuple[Span, ...] | None] = {}
    if (folder / kept).exists():
        gold = {s.id: s.spans for s in read_jsonl(folder / kept, split=part, notes=Counter())}
    file = folder / f"round_{round}" / predicted
    examples = read_examples_jsonl(file)
    if part == "test" and gold and gold.keys() != {e.sentence.id for e in examples}:
        raise InputError(
            f"its sentences are not those of {kept}", file=file, hint="run the command again"
        )
    return [_beside(e, gold.get(e.sentence.id)) for e in examples if e.source != "gold"]


def _beside(example: Example, gold: tuple[Span, ...] | None) -> Example:
    seen = set(example.accepted())
    pairs = [(s, c) for s, c in zip(example.spans, example.confidences, strict=True) if s in seen]
    spans, confidences = zip(*pairs, strict=True) if pairs else ((), ())
    sentence = replace(example.sentence, spans=gold)
    return replace(
        example, sentence=sentence, spans=spans, confidences=confidences, masked=frozenset()
    )


def findings_of(example: Example) -> list[Finding]:
    """Compare the spans of a sentence with its gold.

    Raises:
        ValueError: it has no gold.
    """
    if example.sentence.spans is None:
        raise ValueError(f"{example.sentence.id} has no gold")
    return findings(example.sentence.spans, example.spans)


def wrong(found: list[Finding]) -> bool:
    """Whether a finding is an error."""
    return any(finding.kind != Kind.RIGHT for finding in found)
