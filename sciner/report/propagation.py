"""`sciner show --propagation`: what happened to the wrong silver spans of each round, by class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from sciner.errors import InputError
from sciner.report.render import NONE, Table
from sciner.report.section import Section
from sciner.report.sentences import about_of, figures_of, nearest_class
from sciner.report.terminal import rich_table
from sciner.score.names import escaped
from sciner.score.propagation import BEFORE, NEW, SPREAD, Fate

METRIC = "silver/errors/"
ALL = "all"  # the row of all classes together
COUNTS = (BEFORE, *Fate, NEW, SPREAD)
HEADINGS = ("round", "class", "wrong before", *COUNTS[1:])


def show_propagation(
    console: Console, run: str, store: Path, round: int | None = None, label: str | None = None
) -> None:
    """Print the table of error propagation.

    Args:
        console: where it is printed.
        run: a folder, or an id in ``store``.
        store: the folder of the store.
        round: only this round.
        label: only this class, or ``all`` for all classes together.

    Raises:
        InputError: there is no such run or class, or the run has no such figures.
    """
    folder = figures_of(run, store)
    file = folder / "rounds.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    labels = about_of(folder / "run.json").get("labels", ())
    if label not in (None, ALL, *labels):
        raise InputError(
            f"the run has no class {label!r}",
            file=folder,
            hint=nearest_class(str(label), [ALL, *labels]),
        )
    table = propagation_table(lines, labels, round, label)
    if not table.rows and any(is_older(line["scores"]) for line in lines):
        raise InputError(
            "an older version of sciner wrote the figures of error propagation, under other names",
            file=file,
            hint="type the run's command again: the store knows its steps",
        )
    if not table.rows:
        raise InputError(
            "there are no figures of error propagation here",
            file=file,
            hint=(
                "they need two rounds with silver and a pool with withheld gold; maybe another "
                "--round or --class has some"
            ),
        )
    console.print(rich_table(table))


def propagation(folder: Path, name: str = "") -> Iterator[Section]:
    """Yield the same table as a section of the page.

    Args:
        folder: of the run.
        name: of the run, among those on the page.
    """
    text = (folder / "rounds.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    table = propagation_table(lines, about_of(folder / "run.json").get("labels", ()))
    if table.rows:
        yield Section(
            "propagation",
            "Error propagation",
            f"What happened to the wrong silver spans of each round{name and f' of {name}'}. An "
            "error that is in the next silver again has propagated.",
            table=table,
        )


def propagation_table(
    rounds: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    round: int | None = None,
    label: str | None = None,
) -> Table:
    """Make the table, with a row for each round and class, all classes together first.

    Args:
        rounds: lines of ``rounds.jsonl``.
        labels: the classes of the run.
        round: only this round.
        label: only this class.
    """
    rows = []
    for line in rounds:
        if round in (None, line["round"]):
            rows += [
                (str(line["round"]), *row)
                for row in rows_of(line["scores"], labels)
                if label in (None, row[0])
            ]
    notes = (
        "wrong before: accepted silver spans of the previous round that are not in the gold. What "
        "this round's silver has in their place: again (the same span), changed (other wrong "
        "spans), corrected (only right spans) or gone (no span).",
        "new: wrong spans where none was wrong before. spread: new ones with the text and class of "
        "a span that was wrong elsewhere.",
    )
    return Table(HEADINGS, tuple(rows), 2, notes)


def rows_of(scores: Mapping[str, float], labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of one round, "all" first, with counts and shares.

    There are none if the previous round had no silver.
    """
    if not all(f"{METRIC}{name}" in scores for name in COUNTS):
        return
    there = sorted(label for label in labels if f"{METRIC}{BEFORE}/{escaped(label)}" in scores)
    for label in ("", *there):
        of = {
            name: scores[f"{METRIC}{name}{f'/{escaped(label)}' * bool(label)}"] for name in COUNTS
        }
        fates = (counted(of[name], of[BEFORE]) for name in Fate)
        yield (
            label or ALL,
            f"{of[BEFORE]:,.0f}",
            *fates,
            f"{of[NEW]:,.0f}",
            counted(of[SPREAD], of[NEW]),
        )


def is_older(scores: Mapping[str, float]) -> bool:
    """Whether the figures of a round have names that this version does not use."""
    return f"{METRIC}{BEFORE}" in scores and not all(f"{METRIC}{name}" in scores for name in COUNTS)


def counted(part: float, whole: float) -> str:
    """Write a count with its share, such as ``120 (63%)``; a dash if the whole is 0."""
    return f"{part:,.0f} ({part / whole:.0%})" if whole else NONE
