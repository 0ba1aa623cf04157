"""Figures of artefacts: lines with intervals, without pyplot and its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from sciner.report.tables import Cell

# Okabe & Ito 2008, "Color Universal Design": told apart with any colour vision, and by their markers in grey
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", ":")

Line = Sequence[tuple[float, Cell]]  # points by x


def lines(series: Mapping[tuple[str, str], Line], x: str, y: str) -> Figure:
    """Each series, named by (model, what), as a line through its means, with the 95% interval over seeds as bars; none for a
    single seed. A colour and marker is what, at most seven; a kind of line a model, at most three."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    models, kinds = (list(dict.fromkeys(names)) for names in zip(*series, strict=True))
    for (model, kind), points in series.items():
        colour, marker, dashes = COLOURS[kinds.index(kind)], MARKERS[kinds.index(kind)], DASHES[models.index(model)]
        at, middle = [place for place, _ in points], [cell.mean for _, cell in points]
        bars = [[cell.mean - (cell.mean if cell.low is None else cell.low) for _, cell in points]]
        bars += [[(cell.mean if cell.high is None else cell.high) - cell.mean for _, cell in points]]
        shape = {"color": colour, "marker": marker, "linestyle": dashes}
        axes.errorbar(at, middle, yerr=bars, label=f"{model}: {kind}", markersize=5, capsize=3, linewidth=1.3, **shape)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
