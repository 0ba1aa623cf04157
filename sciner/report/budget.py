"""The sections on F1 against the budget, and on what a larger budget would bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sciner.report import figure_tables, figures
from sciner.report.bounds import ceiling
from sciner.report.compared import ComparedRuns, average_settings, settings_in, worded
from sciner.report.frames import rows_of
from sciner.report.learning_curves import every_round, learning_curves
from sciner.report.render import NONE, Table
from sciner.report.section import CURVES, Section, average_note, seeds_note
from sciner.score.curves import Curve
from sciner.score.extrapolate import LEAST, fit_power_law, hindsight


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
        ceilings = {corpus: value for corpus in panels if (value := ceiling(corpus)) is not None}
        between = ", interpolated where their budgets differ"
        text = " ".join(
            [
                "A line connects the last rounds at each budget.",
                "Small points: every round of every run.",
                *(["Dotted line: span F1 between human annotators."] if ceilings else []),
                seeds_note(compared, f"{between}; bands run from the lowest to the highest seed"),
            ]
        ).strip()
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
            f"({NONE}: too few budgets for this check). Intervals are cut off at 0 and 1."
        )
        if any(cell.endswith("*") for row in rows for cell in row):
            text += " * Too few points for an interval."
        title = "What more annotation would bring"
        yield Section("more", title, text, table=Table(headings, tuple(rows), 1))
