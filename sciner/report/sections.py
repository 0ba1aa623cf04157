"""The sections of the page below its first screen, in order. Those without data are left out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sciner.report import figure_tables, figures
from sciner.report.bounds import agreement, bounds, ceiling
from sciner.report.compared import ComparedRuns, average_settings, settings_in, worded
from sciner.report.frames import rows_of
from sciner.report.language_model import language_model
from sciner.report.paper import beside_the_paper
from sciner.report.propagation import propagation
from sciner.report.quality import (
    classes,
    confidences,
    confusions,
    drift,
    judged_test,
    silver,
    warnings,
)
from sciner.report.render import NONE, Table, table_of
from sciner.report.section import (
    CURVES,
    LAST,
    MOST,
    WITH_DROPPED,
    Section,
    average_note,
    seed_of,
)
from sciner.report.sentences import name_of, rounds_of
from sciner.report.suspects import suspects_section
from sciner.report.tables import cells, every_round, learning_curves
from sciner.score.curves import Curve
from sciner.score.extrapolate import LEAST, fit_power_law, hindsight

SPLITS = ("train", "dev", "test")


def sections(compared: ComparedRuns, browsed: Path | None) -> Iterator[Section]:
    """Yield all sections.

    Args:
        compared: the runs.
        browsed: the folder of the run whose sentences are shown; None if there is none.
    """
    yield from beside_the_paper(compared)
    for of_runs in (results, people, dropped, rounds, budgets, classes, silver, language_model):
        yield from of_runs(compared)
    judged = judged_test(browsed) if browsed else []
    where = f"round {rounds_of(browsed)[-1]} of the run {name_of(browsed)}" if browsed else ""
    yield from confidences(judged, where)
    yield from drift(compared)
    yield from warnings(compared)
    yield from confusions(judged, where)
    if browsed:
        yield from propagation(browsed)
        yield from suspects_section(browsed)
    yield from more_annotation(compared)
    yield from every_run(compared)


def results(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the F1 of the answer with the compared setting across.

    It also has the commands for what an unfinished sweep lacks.
    """
    rows, columns = list(compared.others) or ["corpus"], [compared.key] if compared.key else []
    grid = cells(compared.frame, rows, columns)
    if compared.others:  # the order of the runs, the baseline first, as everywhere on the page
        grid = replace(
            grid, row_keys=tuple(tuple(setting.values()) for setting in compared.settings)
        )
    if compared.key:
        grid = replace(grid, column_keys=tuple((value,) for value in compared.values))
    if grid.missing or (compared.others and compared.key):
        text = f"Columns: {compared.key}." if compared.key else ""
        yield Section("results", "Entity F1 in the last round", text, table=table_of(grid))


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
        text = "Mean over seeds; bands run from the lowest to the highest seed." + average_note(
            compared, gone
        )
        table = figure_tables.by_round(compared, "test/f1/micro")
        yield Section("rounds", "F1 against round", text, figure, table)


def budgets(compared: ComparedRuns) -> Iterator[Section]:
    """Yield F1 over the budget, for each unit that was asked for."""
    for unit in compared.units:
        yield from budget(compared, unit)


def budget(compared: ComparedRuns, unit: str) -> Iterator[Section]:
    """Yield F1 over the budget in ``unit``, if a curve has two points."""
    sizes = compared.frame["data.seed_size"].nunique() if "data.seed_size" in compared.others else 1
    panels, rounds, told = {}, {}, ""
    for corpus in compared.frame["corpus"].unique():
        here = replace(compared, frame=compared.frame[compared.frame["corpus"] == corpus])
        values = 1 if compared.key == "data.seed_size" else max(1, len(compared.values))
        shown, gone = average_settings(here, max(1, CURVES // values) * sizes, ("data.seed_size",))
        told = told or average_note(here, gone)
        curves = panels[str(corpus)] = curves_of(shown, corpus=False, unit=unit)
        rounds[str(corpus)] = rounds_by_method(shown, curves, unit)
    if any(
        len(curve.budget) > 1
        for curves in panels.values()
        for by_seed in curves.values()
        for curve in by_seed.values()
    ):
        text = (
            "A line connects the last rounds at each budget: mean over seeds, interpolated where "
            "their budgets differ. Small points: every round of every run. Bands "
        )
        ceilings = {corpus: value for corpus in panels if (value := ceiling(corpus)) is not None}
        text += "run from the lowest to the highest seed." + (
            " Dotted: span F1 between people." if ceilings else ""
        )
        yield Section(
            f"budget_{unit}",
            f"F1 against budget in {unit}",
            text + told,
            figures.over_budget(panels, unit, ceilings, rounds),
            figure_tables.by_budget(panels, unit),
        )


def curves_of(
    compared: ComparedRuns, corpus: bool = True, unit: str = "sentences"
) -> Mapping[str, Mapping[int, Curve]]:
    """Compute the learning curves of the runs.

    Args:
        compared: the runs.
        corpus: whether the corpus is part of a method's name.
        unit: of the budget.

    Returns:
        {method: {seed: curve}} in the order of the runs; empty if they are no learning curves.
    """
    for by in ways_to_tell_methods(compared, corpus):
        try:
            found = learning_curves(compared.frame, by, unit)
        except ValueError:
            continue
        named = {
            ", ".join(map(str, setting.values())): worded(setting)
            for setting in settings_in(compared.frame, by)
        }
        return {words: found[values] for values, words in named.items() if values in found}
    return {}


def ways_to_tell_methods(compared: ComparedRuns, corpus: bool = True) -> Iterator[list[str]]:
    """Yield the columns that may define a method.

    First runs with different seed sizes are points of one curve, then each is a curve of its own.
    """
    names = [*compared.others, *([compared.key] if compared.key else [])]
    differing = [name for name in names if corpus or name != "corpus"]
    for by in ([name for name in differing if name != "data.seed_size"], differing):
        yield by or ["corpus"]


def rounds_by_method(
    compared: ComparedRuns, curves: Mapping[str, Mapping[int, Curve]], unit: str
) -> Mapping[str, Sequence[tuple[float, float]]]:
    """Collect (budget, F1) of every round, for each method that has a curve.

    Args:
        compared: the runs.
        curves: by method, without the corpus in its name (``curves_of``).
        unit: of the budget.
    """
    return {
        worded(setting): every_round(rows_of(compared.frame, setting), unit)
        for by in ways_to_tell_methods(compared, corpus=False)
        for setting in settings_in(compared.frame, by)
        if worded(setting) in curves
    }


def more_annotation(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the extrapolation of F1 to larger budgets, for curves with enough of them."""
    rows = []
    for method, by_seed in curves_of(compared).items():
        budget, f1 = figures.pooled(by_seed)
        if len(set(budget)) < LEAST:
            continue
        try:
            law = fit_power_law(budget, f1)
        except ValueError:  # no power law was found
            continue
        try:
            off = f"{hindsight(budget, f1).error:.3f}"
        except ValueError:  # too few budgets
            off = NONE
        guesses = [law.at(factor * budget.max()) for factor in (1.5, 2)]
        shown = [
            f"{g.f1:.3f}" + (f" [{g.low:.3f}, {g.high:.3f}]" if g.low is not None else "*")
            for g in guesses
        ]
        rows.append((method, f"{budget.max():,.0f}", *shown, off))
    if rows:
        headings = (
            "method",
            "gold sentences so far",
            "F1 expected with 1.5 times as many",
            "F1 expected with twice as many",
            "error of such a forecast",
        )
        text = (
            "How much would F1 rise if more sentences were annotated? This is an extrapolation: a "
            "power law is fitted to F1 over the number of gold sentences and continued to larger "
            "numbers. The interval is right only if F1 really follows a power law. To check that, "
            "look at the last column: the law is fitted to the smaller half of the budgets alone, "
            "and this is how far, on average, it misses the F1 measured at the larger half "
            f"({NONE}: too few budgets for this check). Intervals are cut off at 0 and 1. "
            "* Too few points for an interval."
        )
        title = "What more annotation would bring"
        yield Section("more", title, text, table=Table(headings, tuple(rows), 1))


def every_run(compared: ComparedRuns) -> Iterator[Section]:
    """Yield a table with a row for each run: id, settings that differ, last figures, MLflow's id.

    Runs that were repeated later are among them, and marked.
    """
    last_of = dict(LAST)
    if any(WITH_DROPPED in run.rounds[-1]["scores"] for run in compared.runs):
        last_of[WITH_DROPPED] = "{:.3f}"
    rows = []
    for run in compared.runs:
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
    words_of = ("entity F1", "gain on round 0", "F1 with dropped spans as misses")
    headings = ("run", *settings, "seed", "rounds", *words_of[: len(last_of)])
    table = Table(headings, tuple(rows), len(settings) + 1)
    again = repeated(compared)
    if again:
        marks = ["run again later" if run.about["id"] in again else "" for run in compared.runs]
        table = _with_column(table, "not counted", marks)
    ids = [run.about.get("mlflow", NONE) for run in compared.runs]
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
