"""The figures of compared runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from sciner.report.compared import ComparedRuns, worded
from sciner.report.draw import COLOURS, STYLE, legend, look, panels, stretched
from sciner.report.frames import rows_of
from sciner.score.curves import Curve
from sciner.score.errors import Confusion
from sciner.score.names import escaped

ALONE, BESIDE = (5.2, 3.6), (3.4, 2.7)  # width and height of one panel, of several, in inches
LEAST = 0.05  # length of an axis of shares, see ``stretched``
SOLID = 20  # spans in a bin; with fewer its share tells too little
NO_GOLD, OTHER_BOUNDARIES, MISSED = "no gold span", "right class, wrong boundary", "missed"


def over_rounds(
    compared: ComparedRuns, metric: str, label: str, least: float = LEAST
) -> Figure | None:
    """Draw a metric over rounds: a panel for each setting, a line for each value of the key.

    A line is the mean over seeds, in a band from the lowest to the highest seed. Panels of one
    corpus share a scale.

    Args:
        compared: the runs.
        metric: its name.
        label: of the vertical axis.
        least: length of that axis.

    Returns:
        The figure; None if no run has two rounds with the metric.
    """
    shown = compared.frame[compared.frame["metric"] == metric]
    if shown["round"].nunique() < 2:
        return None
    settings = compared.settings
    titles = [worded(setting) for setting in settings]
    width = 4.8 if len(titles) in (2, 4) else 3.4  # two in a row fill the page
    figure, axes = panels(titles, "round", label, width=width, one_y=False)
    for one, setting in zip(axes, settings, strict=True):
        for number, value in enumerate(compared.values or [""]):
            wanted = {**setting, **({compared.key: value} if compared.key else {})}
            by_round = rows_of(shown, wanted).groupby("round")["value"]
            middle = by_round.mean()
            one.plot(
                middle.index,
                middle,
                **look(number),
                label=f"{compared.key}={value}" if compared.key else "all runs",
            )
            one.fill_between(
                middle.index,
                by_round.min(),
                by_round.max(),
                color=look(number)["color"],
                alpha=0.13,
                linewidth=0,
            )
        one.xaxis.get_major_locator().set_params(integer=True)
    for corpus in dict.fromkeys(setting.get("corpus") for setting in settings):
        alike = [
            one
            for one, setting in zip(axes, settings, strict=True)
            if setting.get("corpus") == corpus
        ]
        ends = [one.get_ylim() for one in alike]
        for one in alike:
            low, high = stretched(
                min(low for low, _ in ends), max(high for _, high in ends), least=least
            )
            one.set_ylim(max(low, -0.03 * high), high)  # what is drawn is never below 0
    handles, names = axes[0].get_legend_handles_labels()
    legend(figure, dict(zip(names, handles, strict=True)))
    return figure


def over_budget(
    curves: Mapping[str, Mapping[str, Mapping[int, Curve]]],
    unit: str,
    ceilings: Mapping[str, float] | None = None,
    rounds: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]] | None = None,
) -> Figure:
    """Draw F1 over the budget, with a line for each method.

    A line is the mean over seeds, interpolated where their budgets differ, in a band from the
    lowest to the highest seed.

    Args:
        curves: {panel: {method: {seed: curve}}}.
        unit: of the budget.
        ceilings: {panel: F1 between people}, drawn as a dotted line.
        rounds: {panel: {method: (budget, F1) of every round}}, drawn as small points.
    """
    width, height = ALONE if len(curves) == 1 else BESIDE
    words = f"gold {unit} bought", "entity F1"
    figure, axes = panels(
        list(curves), *words, width=width, height=height, one_x=False, one_y=False
    )
    methods = list(dict.fromkeys(method for by_method in curves.values() for method in by_method))
    lines = {}
    for one, by_method in zip(axes, curves.values(), strict=True):
        for method, by_seed in by_method.items():
            style = look(methods.index(method))
            budget, f1 = pooled(on_one_grid(by_seed))
            by_budget = pd.Series(f1).groupby(budget)
            middle = by_budget.mean()
            (lines[method],) = one.plot(middle.index, middle, **style, label=method)
            one.fill_between(
                middle.index,
                by_budget.min(),
                by_budget.max(),
                color=style["color"],
                alpha=0.13,
                linewidth=0,
            )
    for one, panel in zip(axes, curves, strict=True):
        for method, points in (rounds or {}).get(panel, {}).items():
            colour = look(methods.index(method))["color"]
            one.scatter(*zip(*points, strict=True), s=8, color=colour, alpha=0.6, linewidth=0)
        if ceilings and panel in ceilings:
            lines["people"] = one.axhline(
                ceilings[panel], color="#555555", linestyle=":", linewidth=1.2
            )
    legend(figure, lines)
    return figure


def on_one_grid(by_seed: Mapping[int, Curve]) -> Mapping[int, Curve]:
    """Interpolate the curves of all seeds at the same budgets.

    These are the budgets of any seed within the range that all seeds cover. Sentences of another
    seed have other tokens and cost other minutes, so budgets differ. Curves with the same budgets,
    or without a common range, stay as they are.
    """
    budgets = [curve.budget for curve in by_seed.values()]
    every = np.unique(np.concatenate(budgets))
    if all(len(budget) == len(every) for budget in budgets):
        return by_seed
    low, high = max(budget.min() for budget in budgets), min(budget.max() for budget in budgets)
    grid = every[(every >= low) & (every <= high)]
    if not grid.size:
        return by_seed
    return {
        seed: Curve(grid, np.interp(grid, curve.budget, curve.f1))
        for seed, curve in by_seed.items()
    }


def pooled(by_seed: Mapping[int, Curve]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Concatenate the curves of all seeds to (budgets, F1), [points] each."""
    return np.concatenate([c.budget for c in by_seed.values()]), np.concatenate(
        [c.f1 for c in by_seed.values()]
    )


def heat(compared: ComparedRuns, classes: Sequence[str], change: bool) -> Figure | None:
    """Draw F1 by class (down) and round (across), with a panel for each setting and value.

    Args:
        compared: the runs.
        classes: to draw.
        change: draw the change since round 0 instead.

    Returns:
        The figure; None if no run has an F1 of these classes.
    """
    asked = [
        {**s, **({compared.key: v} if compared.key else {})}
        for s in compared.settings
        for v in (compared.values or [""])
    ]
    names = {f"test/f1/{escaped(label)}": label for label in classes}
    shown = compared.frame[compared.frame["metric"].isin(names)]
    grids = []
    for wanted in asked:
        grid = rows_of(shown, wanted).pivot_table("value", ["metric", "seed"], "round")
        if change and 0 in grid:  # in each seed: not every seed has every round
            grid = grid.sub(grid[0], axis=0).drop(columns=0)
        grids.append(grid.groupby("metric").mean().reindex(list(names)))
    kept = [(w, g) for w, g in zip(asked, grids, strict=True) if g.shape[1]]
    if not kept:
        return None
    titles = [
        worded({name: value for name, value in wanted.items() if name != "corpus"})
        for wanted, _ in kept
    ]
    # a setting a row
    across = len(compared.values) if 1 < len(compared.values) < 5 and len(kept) == len(asked) else 3
    figure, axes = panels(
        titles,
        "round",
        height=max(1.2, 0.5 + 0.24 * len(classes)),
        width=12 / across,
        across=across,
    )
    widest = max((float(g.abs().max().max()) for _, g in kept), default=0.0) or 1.0
    for one, (_, grid) in zip(axes, kept, strict=True):
        low, high, colours = (-widest, widest, "PuOr") if change else (0, 1, "cividis")
        values = np.ma.masked_invalid(grid.to_numpy(float))
        mesh = one.pcolormesh(
            [number - 0.5 for number in (*grid.columns, grid.columns[-1] + 1)],
            [number - 0.5 for number in range(len(classes) + 1)],
            values,
            vmin=low,
            vmax=high,
            cmap=colours,
        )
        for (row, column), value in np.ndenumerate(values):
            if value is not np.ma.masked:
                ink = ink_on(mesh.cmap(mesh.norm(value)))
                text = f"{round(value, 2) + 0:+.2f}" if change else f"{value:.2f}"
                one.text(
                    grid.columns[column], row, text, ha="center", va="center", color=ink, fontsize=7
                )
        one.set_yticks(range(len(classes)), [label.replace("$", r"\$") for label in classes])
        one.set_xticks(grid.columns)
        one.grid(False)
        one.set_frame_on(False)
        # an axis costs more to draw than all of its cells
        one.yaxis.set_visible(one.get_subplotspec().is_first_col())
        one.xaxis.set_visible(one.xaxis.get_tick_params()["labelbottom"])
    axes[0].invert_yaxis()
    return figure


def reliability(bins: Sequence[tuple[float, float, int]]) -> Figure:
    """Draw a reliability diagram.

    Points are larger the more spans they stand for. Those of fewer than ``SOLID`` spans are hollow
    and not joined.

    Args:
        bins: [bins] of (mean confidence, share of right spans, number of spans > 0).
    """
    figure, (axes,) = panels([""], width=5.2, height=3.8)
    confidence, right, spans = (np.array(column) for column in zip(*bins, strict=True))
    solid = spans >= SOLID
    axes.plot([0, 1], [0, 1], color="#888888", linestyle=":", linewidth=1)
    axes.plot(confidence, np.where(solid, right, np.nan), color=COLOURS[0], linewidth=1)
    for some, face in ((solid, COLOURS[0]), (~solid, "none")):
        size = 20 + 180 * spans[some] / spans.max()
        axes.scatter(
            confidence[some], right[some], s=size, facecolor=face, edgecolor=COLOURS[0], zorder=3
        )
    axes.set(
        xlim=(0, 1.02),
        ylim=(-0.02, 1.02),
        xlabel="confidence of predicted spans",
        ylabel="share that is right",
    )
    return figure


def confusion(counts: Confusion) -> Figure:
    """Draw gold classes (down) against predicted classes (across).

    Numbers are spans, shades are shares of a row. Wrong boundaries have a column of their own.
    """
    rows, columns, grid = matrix(counts)
    size = 1.6 + 0.5 * len(rows)
    figure, (axes,) = panels([""], width=size + 1, height=size)
    shares = grid / np.maximum(grid.sum(1, keepdims=True), 1)
    with mpl.rc_context(STYLE):
        mesh = axes.pcolormesh(
            shares, vmin=0, vmax=1, cmap="Blues", edgecolors="#88888840", linewidth=0.5
        )
        for (row, column), number in np.ndenumerate(grid):
            if number:
                ink = ink_on(mesh.cmap(mesh.norm(shares[row, column])))
                at = {"ha": "center", "va": "center", "color": ink, "fontsize": 7}
                axes.text(column + 0.5, row + 0.5, f"{number:,}", **at)
    shown = [[name.replace("$", r"\$") for name in names] for names in (columns, rows)]
    axes.set_xticks(np.arange(len(columns)) + 0.5, shown[0], rotation=40, ha="right")
    axes.set_yticks(np.arange(len(rows)) + 0.5, shown[1])
    axes.set(xlabel="predicted", ylabel="gold")
    axes.invert_yaxis()
    axes.grid(False)
    return figure


def ink_on(colour: Sequence[float]) -> str:
    """Return "black" or "white", whichever is easier to read on a colour (red, green, blue, …)."""
    red, green, blue = colour[:3]
    return "black" if 0.21 * red + 0.72 * green + 0.07 * blue > 0.45 else "white"


def matrix(counts: Confusion) -> tuple[list[str], list[str], npt.NDArray[np.int64]]:
    """Return (names of the rows, names of the columns, spans [rows, columns]).

    Rows are gold classes, columns predicted classes; each side has names for spans without a
    counterpart.
    """
    labels = counts.labels
    grid = [
        [*(counts.pairs[a, b] for b in labels), counts.boundaries[a], counts.pairs[a, ""]]
        for a in [*labels, ""]
    ]
    return [*labels, NO_GOLD], [*labels, OTHER_BOUNDARIES, MISSED], np.array(grid)
