"""The sections of the page below its first screen, in order. Those without data are left out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sciner.report import figure_tables, figures
from sciner.report.bounds import agreement, bounds
from sciner.report.budget import budgets, more_annotation
from sciner.report.compared import ComparedRuns, average_settings, seed_of, worded
from sciner.report.language_model import language_model
from sciner.report.paper import beside_the_paper
from sciner.report.propagation import propagation
from sciner.report.quality import (
    classes,
    confidences,
    confusions,
    drift,
    predicted_test,
    silver,
    warnings,
)
from sciner.report.render import NONE, Table
from sciner.report.section import (
    LAST,
    MOST,
    WITH_DROPPED,
    Section,
    average_note,
    seeds_note,
)
from sciner.report.sentences import about_of, name_of, rounds_of
from sciner.report.suspects import suspects_section
from sciner.report.tables import cells

SPLITS = ("train", "dev", "test")


def sections(compared: ComparedRuns, browsed: Path | None) -> Iterator[Section]:
    """Yield all sections.

    Args:
        compared: the runs.
        browsed: the folder of the run whose sentences are shown; None if there is none.
    """
    yield from beside_the_paper(compared)
    for of_runs in (missing, people, dropped, rounds, budgets, classes, silver, language_model):
        yield from of_runs(compared)
    predicted = predicted_test(browsed) if browsed else []
    run = browsed_name(compared, browsed) if browsed else ""
    where = f"round {rounds_of(browsed)[-1]}{run and f' of {run}'}" if browsed else ""
    yield from confidences(predicted, where)
    yield from drift(compared)
    yield from warnings(compared)
    yield from confusions(predicted, where)
    if browsed:
        yield from propagation(browsed, run)
        yield from suspects_section(browsed, run)
    yield from more_annotation(compared)
    yield from every_run(compared)


def browsed_name(compared: ComparedRuns, folder: Path) -> str:
    """Name the run whose sentences are shown by the settings in which it differs.

    A run that is not among the compared ones has the overrides of its command.
    """
    id = about_of(folder / "run.json").get("id")
    run = next((run for run in compared.runs if run.about["id"] == id), None)
    return compared.name_of(run) if run else name_of(folder)


def missing(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the runs that a sweep lacks, with the commands that compute them, if there are any."""
    names = [*compared.others, *([compared.key] if compared.key else [])]
    lacking = cells(compared.frame, names or ["corpus"], []).missing
    rows = tuple(
        (worded(one.setting), ", ".join(map(str, one.seeds)), one.command) for one in lacking
    )
    if rows:
        text = "Some settings lack seeds that others have. These commands compute them."
        table = Table(("setting", "missing seeds", "command"), rows, 3)
        yield Section("missing", "Missing runs", text, table=table)


def people(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the bounds of the corpora, if the agreement of some annotators is known."""
    if any(agreement(corpus) for corpus in compared.frame["corpus"].unique()):
        text = (
            "What predicting O everywhere scores, and how well people agree with each other. A "
            f"{NONE} means that the agreement is not known."
        )
        yield Section("people", "O everywhere, and people", text, table=bounds(compared.frame))


def dropped(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the gold spans that reading dropped, with a row for each corpus, if there are any."""
    read: set[tuple[str, ...]] = set()
    for run in compared.runs:
        lost = run.about.get("dropped") or {}
        if lost:
            spans = (lost[name]["spans"] if name in lost else 0 for name in SPLITS)
            read.add((run.corpus, *(f"{n:,}" for n in spans)))
    if read:
        text = (
            "Gold spans that no sentence can hold, because they are nested, cut a token or cross "
            "the end of a sentence. Only one score counts them: the F1 with dropped spans as "
            "misses, in the table of every run."
        )
        table = Table(("corpus", *SPLITS), tuple(sorted(read)), 1)
        yield Section("dropped", "Gold spans that were dropped in reading", text, table=table)


def rounds(compared: ComparedRuns) -> Iterator[Section]:
    """Yield F1 over rounds."""
    shown, gone = average_settings(compared, MOST)
    if figure := figures.over_rounds(shown, "test/f1/micro", "entity F1"):
        text = seeds_note(compared, "; bands run from the lowest to the highest seed")
        text += average_note(compared, gone)
        table = figure_tables.by_round(compared, "test/f1/micro")
        yield Section("rounds", "F1 against round", text, figure, table)


def every_run(compared: ComparedRuns) -> Iterator[Section]:
    """Yield a table with a row for each run: id, settings that differ, last figures, MLflow's id.

    Runs that were repeated later are among them, and marked.
    """
    last_of = dict(LAST)
    if any(WITH_DROPPED in run.rounds[-1]["scores"] for run in compared.runs):
        last_of[WITH_DROPPED] = "{:.3f}"
    rows = []
    for run in compared.sorted_runs:
        id, last = run.about["id"], run.rounds[-1]["scores"]
        shown = (
            signed.format(last[name]) if name in last else NONE for name, signed in last_of.items()
        )
        rows.append(
            (
                id,
                *map(str, compared.set_to[id].values()),
                seed_of(run),
                str(run.rounds[-1]["round"]),  # zero-shot runs begin with round 1
                *shown,
            )
        )
    settings = tuple(next(iter(compared.set_to.values())))
    words_of = ("entity F1", "gain over round 0", "F1 with dropped spans as misses")
    headings = ("run", *settings, "seed", "rounds", *words_of[: len(last_of)])
    table = Table(headings, tuple(rows), len(settings) + 1)
    again = repeated(compared)
    if again:
        marks = ["run again later" if id in again else "" for id, *_ in rows]
        table = _with_column(table, "not counted", marks)
    ids = [run.about.get("mlflow", NONE) for run in compared.sorted_runs]
    if tracked := any(id != NONE for id in ids):
        table = _with_column(table, "MLflow", ids)
    words = [set(shlex.split(text)) for text in compared.frame["words"].unique()]
    alike = sorted(set.intersection(*words))
    text = "Use the id of a run with sciner show and sciner report --run" + (
        ", or its id in MLflow." if tracked else "."
    )
    text += f" All runs have {shlex.join(alike)}." if alike else ""
    yield Section("runs", "Every run", text, table=table)


def _with_column(table: Table, name: str, cells: Sequence[str]) -> Table:
    rows = tuple((*row, cell) for row, cell in zip(table.rows, cells, strict=True))
    return replace(table, headings=(*table.headings, name), rows=rows)


def repeated(compared: ComparedRuns) -> set[str]:
    """Return the ids of runs with the settings and seed of a later one, which counts instead."""
    return {run.about["id"] for run in compared.runs} - set(compared.frame["run"])


def heading(compared: ComparedRuns) -> str:
    """Say which runs these are."""
    shown = compared.frame.drop_duplicates("run")
    same = {name: shown[name].iloc[0] for name in ("corpus", "model") if shown[name].nunique() == 1}
    seeds = shown["seed"].nunique()
    told = f"{len(shown)} run{'s' * (len(shown) > 1)}, {seeds} seed{'s' * (seeds > 1)}"
    if again := len(repeated(compared)):
        were = "that was repeated and is" if again == 1 else "that were repeated and are"
        told += f", and {again} earlier run{'s' * (again > 1)} {were} not counted"
    return f"{told}; {worded(same)}" if same else told
