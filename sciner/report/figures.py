"""The figures of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from sciner.report.draw import COLOURS, STYLE, legend, look, panels
from sciner.report.study import Study, worded
from sciner.score.curves import Curve

MOST = 24  # panels; a figure of more is a wall


def over_rounds(study: Study, metric: str, label: str) -> Figure | None:
    """A panel a setting, a line a value of the key: the mean over seeds in a band from the lowest to the highest. None where
    no run has two rounds with the metric."""
    shown = study.frame[study.frame["metric"] == metric]
    if shown["round"].nunique() < 2:
        return None
    settings = study.settings[:MOST]
    figure, axes = panels([worded(setting) for setting in settings])
    for one, setting in zip(axes, settings, strict=True):
        for number, value in enumerate(study.values or [""]):
            wanted = {**setting, **({study.key: value} if study.key else {})}
            by_round = _rows(shown, wanted).groupby("round")["value"]
            middle = by_round.mean()
            one.plot(middle.index, middle, **look(number), label=f"{study.key}={value}" if study.key else "all runs")
            one.fill_between(middle.index, by_round.min(), by_round.max(), color=look(number)["color"], alpha=0.18, linewidth=0)
        one.xaxis.get_major_locator().set_params(integer=True)
    figure.supxlabel("round")
    figure.supylabel(label)
    legend(figure, axes[0])
    return figure


def over_budget(curves: Mapping[str, Mapping[int, Curve]], unit: str) -> Figure:
    """A line a method: the mean over the seeds that stood at a budget; each seed's curve thin behind it."""
    figure, (axes,) = panels([""], width=6.2, height=3.8)
    for number, (method, by_seed) in enumerate(list(curves.items())[:MOST]):
        style = look(number)
        for curve in by_seed.values():
            axes.plot(curve.budget, curve.f1, color=style["color"], alpha=0.3, linewidth=0.8)
        budget, f1 = pooled(by_seed)
        middle = pd.Series(f1).groupby(budget).mean()
        axes.plot(middle.index, middle, **style, label=method)
    axes.set_xlabel(f"gold {unit} bought")
    axes.set_ylabel("entity F1")
    legend(figure, axes)
    return figure


def pooled(by_seed: Mapping[int, Curve]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(budgets, F1) of all seeds, one behind the other."""
    return np.concatenate([c.budget for c in by_seed.values()]), np.concatenate([c.f1 for c in by_seed.values()])


def heat(study: Study, classes: Sequence[str], change: bool) -> Figure:
    """A panel a setting and value: classes down, rounds across, F1 or with ``change`` its change since round 0."""
    asked = [{**s, **({study.key: v} if study.key else {})} for s in study.settings for v in (study.values or [""])][:MOST]
    names = {f"test/f1/{label}": label for label in classes}
    shown = study.frame[study.frame["metric"].isin(names)]
    grids = []
    for wanted in asked:
        grid = _rows(shown, wanted).pivot_table("value", "metric", "round").reindex(list(names))
        grids.append(grid.sub(grid[0], axis=0) if change and 0 in grid else grid)
    kept = [(w, g) for w, g in zip(asked, grids, strict=True) if g.shape[1]]
    figure, axes = panels([worded(wanted) for wanted, _ in kept], height=0.5 + 0.24 * len(classes), width=4)
    widest = max((float(g.abs().max().max()) for _, g in kept), default=0.0) or 1.0
    for one, (_, grid) in zip(axes, kept, strict=True):
        low, high, colours = (-widest, widest, "PuOr") if change else (0, 1, "cividis")
        values = np.ma.masked_invalid(grid.to_numpy(float))
        mesh = one.pcolormesh(grid.columns, range(len(classes)), values, vmin=low, vmax=high, cmap=colours, shading="nearest")
        for (row, column), value in np.ndenumerate(values):
            if value is not np.ma.masked:
                red, green, blue, _ = mesh.cmap(mesh.norm(value))
                ink = "black" if 0.21 * red + 0.72 * green + 0.07 * blue > 0.5 else "white"
                text = f"{round(value, 2) + 0:+.2f}" if change else f"{value:.2f}"
                one.text(grid.columns[column], row, text, ha="center", va="center", color=ink, fontsize=7)
        one.set_yticks(range(len(classes)), [label.replace("$", r"\$") for label in classes])
        one.xaxis.get_major_locator().set_params(integer=True)
        one.grid(False)
    axes[0].invert_yaxis()
    figure.supxlabel("round")
    return figure


def yield_and_precision(study: Study) -> Figure | None:
    """A point a run and round: recall of the pool's gold against precision of the accepted silver."""
    both = study.frame[study.frame["metric"].isin(["silver/precision/micro", "silver/recall/micro"])]
    keys = [*study.others, *([study.key] if study.key else [])]
    wide = both.pivot_table("value", [*keys, "run", "round"], "metric").reset_index()
    if len(wide.columns.intersection(["silver/precision/micro", "silver/recall/micro"])) < 2:
        return None
    figure, (axes,) = panels([""], width=6.2, height=3.8)
    for number, value in enumerate(study.values or [""]):
        points = wide[wide[study.key] == value] if study.key else wide
        style = look(number) | {"linestyle": ""}
        at = points["silver/recall/micro"], points["silver/precision/micro"]
        axes.plot(*at, **style, alpha=0.8, label=f"{study.key}={value}" if study.key else "all runs")
    axes.set_xlabel("yield: share of the pool's gold spans that were accepted")
    axes.set_ylabel("precision of the accepted spans")
    legend(figure, axes)
    return figure


def reliability(bins: Sequence[tuple[float, float, int]]) -> Figure:
    """bins: (mean confidence, share of right spans, spans), those with a span; a point is the larger the more it holds."""
    figure, (axes,) = panels([""], width=4.6, height=3.8)
    confidence, right, spans = (np.array(column) for column in zip(*bins, strict=True))
    axes.plot([0, 1], [0, 1], color="#888888", linestyle=":", linewidth=1)
    axes.plot(confidence, right, color=COLOURS[0], linewidth=1)
    axes.scatter(confidence, right, s=20 + 180 * spans / spans.max(), color=COLOURS[0], alpha=0.7)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence of predicted spans", ylabel="share that is right")
    return figure


def confusion(counts: Mapping[tuple[str, str], int], labels: Sequence[str]) -> Figure:
    """Gold classes down, predicted ones across; "" is no span. Shares of the row, the numbers of spans in the cells."""
    names = [*labels, "no span"]
    grid = np.array([[counts.get((a, b), 0) for b in [*labels, ""]] for a in [*labels, ""]])
    size = 1.6 + 0.5 * len(names)
    figure, (axes,) = panels([""], width=size + 1, height=size)
    shares = grid / np.maximum(grid.sum(1, keepdims=True), 1)
    with mpl.rc_context(STYLE):
        axes.pcolormesh(shares, vmin=0, vmax=1, cmap="Blues", edgecolors="#88888840", linewidth=0.5)
        for (row, column), number in np.ndenumerate(grid):
            ink = "white" if shares[row, column] > 0.55 else "black"
            axes.text(column + 0.5, row + 0.5, f"{number:,}", ha="center", va="center", color=ink, fontsize=7)
    shown = [name.replace("$", r"\$") for name in names]
    axes.set_xticks(np.arange(len(names)) + 0.5, shown, rotation=40, ha="right")
    axes.set_yticks(np.arange(len(names)) + 0.5, shown)
    axes.set(xlabel="predicted", ylabel="gold")
    axes.invert_yaxis()
    axes.grid(False)
    return figure


def _rows(frame: pd.DataFrame, setting: Mapping[str, object]) -> pd.DataFrame:
    kept = pd.Series(True, index=frame.index)
    for name, value in setting.items():
        kept &= frame[name] == value
    return frame[kept]
