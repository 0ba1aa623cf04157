"""The tables of the figures: what is drawn, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from sciner.report.compared import ComparedRuns, Setting, settings_in
from sciner.report.figures import matrix
from sciner.report.frames import last_round, rows_of
from sciner.report.render import NONE, Table, cell_text, difference_text, table_of
from sciner.report.tables import Cell, cells
from sciner.score.curves import Curve, t_difference
from sciner.score.errors import Confusion
from sciner.score.intervals import SHARE, t_interval
from sciner.score.names import escaped

SEEDS = "Mean over seeds [95% t interval]."
ONE = "* One seed: no interval."


def names_of(compared: ComparedRuns) -> list[str]:
    """Return the columns in which the settings differ; the corpus if there are none."""
    return [*compared.others, *([compared.key] if compared.key else [])] or ["corpus"]


def _names_within(compared: ComparedRuns) -> list[str]:
    """The columns in which settings of one corpus differ."""
    return [name for name in names_of(compared) if name != "corpus"]


def by_round(compared: ComparedRuns, metric: str) -> Table:
    """Make a table of a metric with a row for each setting and a column for each round."""
    names = names_of(compared)
    grid = cells(compared.frame, names, ["round"], metric)
    order = tuple(tuple(setting.values()) for setting in settings_in(compared.frame, names))
    kept = tuple(row for row in order if row in grid.row_keys)
    table = table_of(replace(grid, row_keys=kept, missing=()))
    return replace(table, headings=_rounds(table.headings, len(names)))


def _rounds(headings: Sequence[str], words: int) -> tuple[str, ...]:
    return (*headings[:words], *(f"round {number}" for number in headings[words:]))


def by_threshold(compared: ComparedRuns, metrics: Mapping[str, str]) -> Table:
    """Make a table of the last round's silver, with a row for each setting.

    Args:
        compared: the runs.
        metrics: {name: heading}.
    """
    names = names_of(compared)
    present = [name for name in metrics if (compared.frame["metric"] == name).any()]
    grid = replace(cells(compared.frame, names, [], present), missing=())
    table = table_of(grid)
    return replace(table, headings=(*table.headings[: len(names)], *(metrics[n] for n in present)))


def by_run(compared: ComparedRuns, metrics: Mapping[str, str]) -> Table:
    """Make a table with a row for each run and round.

    Args:
        compared: the runs.
        metrics: {name: heading}.
    """
    names = names_of(compared)
    shown = compared.frame[compared.frame["metric"].isin(metrics)]
    at = [*names, "seed", "round"]
    wide = shown.pivot(index=at, columns="metric", values="value").reindex(columns=list(metrics))
    place = compared.order()
    order = sorted(
        shown[at].drop_duplicates().itertuples(index=False, name=None),
        key=lambda key: (place(dict(zip(names, key, strict=False))), key[len(names) :]),
    )
    rows = tuple(
        (*map(str, key), *(NONE if pd.isna(v) else f"{v:.3f}" for v in wide.loc[key]))
        for key in order
    )
    return Table((*names, "seed", "round", *metrics.values()), rows, len(names) + 2)


def by_budget(panels: Mapping[str, Mapping[str, Mapping[int, Curve]]], unit: str) -> Table:
    """Make a table with a row for each budget of each method.

    Args:
        panels: {panel: {method: {seed: curve}}}.
        unit: of the budget.
    """
    rows = []
    for panel, methods in panels.items():
        for method, by_seed in methods.items():
            at: dict[float, list[float]] = {}
            for curve in by_seed.values():
                for budget, f1 in zip(curve.budget, curve.f1, strict=True):
                    at.setdefault(float(budget), []).append(float(f1))
            rows += [
                (panel, method or "all runs", f"{budget:,.0f}", _mean(f1), str(len(f1)))
                for budget, f1 in sorted(at.items())
            ]
    headings = ("corpus", "method", f"gold {unit}", "entity F1", "seeds")
    return Table(headings, tuple(rows), 2, tuple(_notes(rows, SEEDS)))


def _notes(rows: Iterable[Sequence[str]], *of_intervals: str) -> Iterator[str]:
    """Yield the notes that the cells of a table need.

    Args:
        rows: of the table.
        of_intervals: notes that explain intervals.
    """
    shown = [cell for row in rows for cell in row]
    if any(cell.endswith("]") for cell in shown):
        yield from of_intervals
    if any(cell.endswith("*") for cell in shown):
        yield ONE


def _mean(values: Sequence[float]) -> str:
    if not values:  # runs of other settings have more rounds, or classes
        return NONE
    low, high = t_interval(values, SHARE) or (None, None)
    return cell_text(Cell(sum(values) / len(values), low, high, ()))


def by_class(compared: ComparedRuns, labels: Sequence[str]) -> Table:
    """Make a table of F1 by class and round, with a row for each setting and class.

    It also has the support, and the last round minus round 0, paired by seed.
    """
    names, rounds = _names_within(compared), _rounds_in(compared, labels)
    support = last_round(compared.frame)
    support = support[support["metric"].str.startswith("test/support/")]
    rows = []
    for at, label, values in _classes(compared, labels):
        known = rows_of(support, {**at, "metric": f"test/support/{escaped(label)}"})["value"]
        change = values[rounds[-1]] - values[rounds[0]] if len(rounds) > 1 else None
        rows.append(
            (
                *map(str, at.values()),
                label,
                f"{known.iloc[0]:,.0f}" if len(known) else NONE,
                *(_mean(list(values[number].dropna())) for number in rounds),
                *([] if change is None else [_difference(change)]),
            )
        )
    headings = (*names, "class", "support", *(f"round {number}" for number in rounds))
    last = (f"round {rounds[-1]} minus round 0",) if len(rounds) > 1 else ()
    notes = (
        "Support: gold spans of the test set.",
        *_notes(rows, SEEDS, "Differences: paired by seed."),
    )
    return Table((*headings, *last), tuple(rows), len(names) + 1, notes)


def class_changes(compared: ComparedRuns, labels: Sequence[str]) -> Table:
    """Make a table of each round minus round 0, with a row for each setting and class."""
    names, rounds = _names_within(compared), _rounds_in(compared, labels)
    rows = tuple(
        (
            *map(str, at.values()),
            label,
            *(_difference(values[number] - values[rounds[0]]) for number in rounds[1:]),
        )
        for at, label, values in _classes(compared, labels)
    )
    headings = (*names, "class", *(f"round {number} minus round 0" for number in rounds[1:]))
    notes = tuple(_notes(rows, "Paired by seed, mean [95% t interval]."))
    return Table(headings, rows, len(names) + 1, notes)


def _rounds_in(compared: ComparedRuns, labels: Sequence[str]) -> list[int]:
    of_classes = compared.frame["metric"].isin([f"test/f1/{escaped(label)}" for label in labels])
    return sorted(int(number) for number in compared.frame.loc[of_classes, "round"].unique())


def _classes(
    compared: ComparedRuns, labels: Sequence[str]
) -> Iterator[tuple[Setting, str, pd.DataFrame]]:
    """(setting, class, F1 by [seed, round]), setting by setting."""
    rounds = _rounds_in(compared, labels)
    by_name = {f"test/f1/{escaped(label)}": label for label in labels}
    shown = compared.frame[compared.frame["metric"].isin(by_name)]
    for setting in settings_in(compared.frame, _names_within(compared)):
        of_setting = rows_of(shown, setting)
        for name, label in by_name.items():
            values = of_setting[of_setting["metric"] == name]
            if len(values):
                wide = values.pivot(index="seed", columns="round", values="value")
                yield setting, label, wide.reindex(columns=rounds)


def _difference(by_seed: pd.Series) -> str:
    known = list(by_seed.dropna())
    return difference_text(t_difference(known)) if known else NONE


def of_bins(bins: Sequence[tuple[float, float, int]]) -> Table:
    """Make the table of a reliability diagram.

    Args:
        bins: [bins] of (mean confidence, share of right spans, number of spans).
    """
    rows = tuple(
        (f"{confidence:.3f}", f"{right:.3f}", f"{spans:,}") for confidence, right, spans in bins
    )
    return Table(("mean confidence", "share that is right", "spans"), rows, 0)


def of_confusion(counts: Confusion) -> Table:
    """Make the table of a confusion matrix."""
    rows, columns, grid = matrix(counts)
    body = tuple((name, *(f"{n:,}" for n in line)) for name, line in zip(rows, grid, strict=True))
    return Table(("gold", *columns), body, 1)
