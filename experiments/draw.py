"""Figures of artefacts: lines with intervals, without pyplot and its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from sciner.report.tables import Cell

# Okabe & Ito 2008, "Color Universal Design": told apart with any colour vision, and by their markers in grey
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

Line = Sequence[tuple[float, Cell]]  # points by x


def lines(series: Mapping[str, Line], x: str, y: str, *, ticks: Mapping[float, str] | None = None) -> Figure:
    """Each series as a line through its means, with the 95% interval over seeds as bars; none for a single seed. ticks: the
    words under positions, where x is no number."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name, points), colour, marker in zip(series.items(), COLOURS, MARKERS, strict=False):
        at, middle = [place for place, _ in points], [cell.mean for _, cell in points]
        bars = [[cell.mean - (cell.mean if cell.low is None else cell.low) for _, cell in points]]
        bars += [[(cell.mean if cell.high is None else cell.high) - cell.mean for _, cell in points]]
        axes.errorbar(at, middle, yerr=bars, label=name, color=colour, marker=marker, markersize=5, capsize=3, linewidth=1.3)
    if ticks:
        axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
