"""The figures of silver: precision and yield, by threshold and against each other."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from sciner.report.compared import ComparedRuns, settings_in, worded
from sciner.report.draw import legend, look, panels, stretched
from sciner.report.figures import ALONE, BESIDE, LEAST
from sciner.report.frames import rows_of

SILVER = {
    "silver/precision/micro": "precision",
    "silver/recall/micro": "yield (recall of the pool's gold)",
}


def yield_and_precision(compared: ComparedRuns) -> Figure | None:
    """Draw precision of accepted silver over its yield (recall of the pool's gold).

    There is a panel for each corpus and a point for each run and round.

    Returns:
        The figure; None if no run has both.
    """
    both = compared.frame[compared.frame["metric"].isin(SILVER)]
    keys = [*compared.others, *([compared.key] if compared.key else [])]
    wide = both.pivot_table(
        "value", [*dict.fromkeys(["corpus", *keys]), "run", "round"], "metric"
    ).reset_index()
    if len(wide.columns.intersection(list(SILVER))) < 2:
        return None
    corpora = list(compared.frame["corpus"].unique())
    width, height = ALONE if len(corpora) == 1 else BESIDE
    words = (
        "yield: share of the pool's gold spans that are in the accepted silver",
        "precision: share of accepted spans that are right",
    )
    figure, axes = panels(corpora if len(corpora) > 1 else [""], *words, width=width, height=height)
    dots = {}
    for one, corpus in zip(axes, corpora, strict=True):
        for number, value in enumerate(compared.values or [""]):
            points = wide[
                (wide["corpus"] == corpus)
                & ((wide[compared.key] == value) if compared.key else True)
            ]
            style = look(number) | {"linestyle": ""}
            at = points["silver/recall/micro"], points["silver/precision/micro"]
            (dots[f"{compared.key}={value}"],) = one.plot(*at, **style, alpha=0.8)
    axes[0].set(
        xlim=stretched(*axes[0].get_xlim(), least=LEAST),
        ylim=stretched(*axes[0].get_ylim(), least=LEAST),
    )  # of all panels
    legend(figure, dots)
    return figure


def by_threshold(compared: ComparedRuns, thresholds: Sequence[str]) -> Figure | None:
    """Draw precision and yield of the last round's silver by threshold.

    Thresholds are across, from the one that accepts most to the one that accepts least. There is a
    line for each combination of the other settings; bars go from the lowest to the highest seed.

    Args:
        compared: the runs.
        thresholds: the columns that define a threshold.

    Returns:
        The figure; None if no run has both.
    """
    last = compared.frame[
        compared.frame["round"] == compared.frame.groupby("run")["round"].transform("max")
    ]
    shown = last[last["metric"].isin(SILVER)]
    if shown["metric"].nunique() < 2:
        return None
    shown = shown.assign(threshold_words=shown[list(thresholds)].agg(" ".join, axis=1).str.strip())
    yields = (
        shown[shown["metric"] == "silver/recall/micro"].groupby("threshold_words")["value"].mean()
    )
    order = list(yields.sort_values(ascending=False, kind="stable").index)
    rest = [name for name in (*compared.others, compared.key) if name and name not in thresholds]
    figure, axes = panels(list(SILVER.values()), " ".join(thresholds), "share of spans", width=4.4)
    settings = settings_in(shown, rest)
    for number, setting in enumerate(settings):
        style, offset = look(number), 0.06 * (number - (len(settings) - 1) / 2)
        for one, metric in zip(axes, SILVER, strict=True):
            of = rows_of(shown[shown["metric"] == metric], setting).groupby("threshold_words")[
                "value"
            ]
            table = of.agg(["mean", "min", "max"]).reindex(
                [name for name in order if name in of.groups]
            )
            at = [order.index(name) + offset for name in table.index]
            ends = table["mean"] - table["min"], table["max"] - table["mean"]
            bars = [end.clip(lower=0) for end in ends]  # equal values: the mean is rounded
            one.errorbar(
                at,
                table["mean"],
                bars,
                **style,
                linewidth=1,
                capsize=2,
                label=worded(setting) or "all runs",
            )
    for one in axes:
        one.set_xticks(range(len(order)), [name.replace("$", r"\$") for name in order])
        one.set(xlim=(-0.5, len(order) - 0.5), ylim=(-0.03, 1.03))
        if max(map(len, order)) * len(order) > 40:
            one.tick_params(axis="x", rotation=30)
    handles, names = axes[-1].get_legend_handles_labels()
    legend(figure, dict(zip(names, handles, strict=True)))
    return figure
