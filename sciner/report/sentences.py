"""The sentences of a run as its folder holds them: gold beside what the tagger said."""

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
    """Where the figures of ``run`` lie: the folder itself, or the record of that id in ``store``.
    Raises InputError where there is neither."""
    if (Path(run) / "rounds.jsonl").is_file():
        return Path(run)
    record = store / RUNS / run
    if "/" in run or not (record / "run.json").is_file():
        raise InputError(
            f"{run!r} is no run's folder and no id of a run that {store} recorded",
            hint="give one of the two",
        )
    return record


def folder_of(run: str, store: Path) -> Path:
    """The folder of ``run``, which is the folder itself or the id under which ``store`` recorded
    it.

    Raises InputError where there is none, and where the folder of a recorded run is gone: a
    record holds no sentences.
    """
    place = figures_of(run, store)
    if place == Path(run):
        return place
    folder = Path(about_of(place / "run.json").get("tags", {}).get("sciner.directory", run))
    if about_of(folder / "run.json").get("id") != run:
        raise InputError(
            f"the folder of run {run} is gone ({folder})",
            hint="run it again: the store knows its steps",
        )
    return folder


def nearest_class(label: str, known: Iterable[str]) -> str:
    """The hint for a class that a run does not have. Case does not count, and an abbreviation finds
    its class: Tsk is near TaskName."""
    by_case = {name.casefold(): name for name in sorted(known)}
    close = get_close_matches(label.casefold(), by_case, n=1, cutoff=0.5)
    return f"did you mean {by_case[close[0]]!r}?" if close else nearest(label, by_case.values())


def about_of(file: Path) -> dict[str, Any]:
    """What a ``run.json`` says; nothing where there is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def name_of(folder: Path) -> str:
    """The run's name: the words of its command."""
    return about_of(folder / "run.json").get("name") or folder.name


def rounds_of(folder: Path) -> list[int]:
    """The rounds that have left their sentences, ascending. Raises InputError where none has."""
    found = sorted(
        int(place.name[6:]) for place in folder.glob("round_*") if place.name[6:].isdecimal()
    )
    if not found:
        raise InputError(
            "no round has left its sentences here",
            file=folder,
            hint="run it again: the store knows its steps",
        )
    return found


def read_part(folder: Path, round: int, part: Part) -> list[Example]:
    """What the tagger of ``round`` predicted for the test set, or the silver that it was trained on
    (spans that the loss sees), in the order of the corpus; each sentence with its gold, if the run
    kept any.

    Raises InputError for a round that is not there, and for a file that cannot be read.
    """
    if round not in (known := rounds_of(folder)):
        raise InputError(
            f"there is no round {round}", file=folder, hint=f"its rounds are 0 to {known[-1]}"
        )
    predicted, kept = FILES[part]
    gold: dict[str, tuple[Span, ...] | None] = {}
    if (folder / kept).exists():
        gold = {s.id: s.spans for s in read_jsonl(folder / kept, split=part, notes=Counter())}
    examples = read_examples_jsonl(folder / f"round_{round}" / predicted)
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
    """By kind of error. Raises ValueError for a sentence without gold."""
    if example.sentence.spans is None:
        raise ValueError(f"{example.sentence.id} has no gold")
    return findings(example.sentence.spans, example.spans)


def wrong(found: list[Finding]) -> bool:
    return any(finding.kind != Kind.RIGHT for finding in found)
