"""Figures of artefacts: lines with intervals, without pyplot and its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from sciner.report.draw import COLOURS, MARKERS
from sciner.report.tables import Cell

Line = Sequence[tuple[float, Cell]]  # points by x


def lines(series: Mapping[tuple[str, str], Line], x: str, y: str) -> Figure:
    """One panel per model; in it each series of shares, named by (model, what), as a line through
    its means, with the 95% interval over seeds as bars; none for a single seed. Each ``what`` has
    a colour and a marker, at most seven; bars at one x are side by side."""
    models, kinds = (list(dict.fromkeys(names)) for names in zip(*series, strict=True))
    figure = Figure(figsize=(max(6.0, 1.5 + 3.6 * len(models)), 3.8), layout="constrained")
    panels = dict(
        zip(models, figure.subplots(1, len(models), sharey=True, squeeze=False)[0], strict=True)
    )
    places = sorted({place for points in series.values() for place, _ in points})
    step = 0.012 * ((places[-1] - places[0]) or 1)
    handles = {}
    for (model, kind), points in series.items():
        number = kinds.index(kind)
        shift = step * (number - (len(kinds) - 1) / 2)
        at, middle = [place + shift for place, _ in points], [cell.mean for _, cell in points]
        bars = [
            [cell.mean - (cell.mean if cell.low is None else cell.low) for _, cell in points],
            [(cell.mean if cell.high is None else cell.high) - cell.mean for _, cell in points],
        ]
        shape = {
            "color": COLOURS[number],
            "marker": MARKERS[number],
            "markersize": 5,
            "capsize": 2,
            "linewidth": 1.3,
        }
        handles[kind] = panels[model].errorbar(at, middle, yerr=bars, elinewidth=0.8, **shape)
    for model, axes in panels.items():
        axes.set_title(model, loc="left", fontsize=10)
        axes.set_xlabel(x)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if all(float(place).is_integer() for place in places):
            axes.xaxis.get_major_locator().set_params(integer=True)
    next(iter(panels.values())).set_ylabel(y)
    columns = max(1, int(figure.get_figwidth() / 1.9))
    figure.legend(
        handles.values(),
        handles,
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize=8,
    )
    return figure
