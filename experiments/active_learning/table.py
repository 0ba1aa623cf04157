"""RESULTS.md of runs.csv: every way of buying gold against buying at random, in three units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.sections import LENS, LENS_WORDS, means, published
from sciner.report.bounds import bounds
from sciner.report.figures import pooled
from sciner.report.frames import Counts
from sciner.report.learning_curves import learning_curves
from sciner.report.render import NONE, Table, difference_text, markdown
from sciner.report.tables import F1
from sciner.score.curves import (
    Curve,
    area,
    area_difference,
    common_range,
    flips,
    share_to_reach,
)
from sciner.score.extrapolate import fit_power_law, hindsight
from sciner.score.multiple import holm_by_family

UNITS = ("sentences", "tokens", "minutes")
# Okabe & Ito 2008, with a wine red in place of the yellow, which a white page swallows
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#882255", "#0072B2", "#D55E00", "#CC79A7", "#999999")
DASHES = {"": "-", "sure spans": ":", "all silver": "-."}
BASELINE = "random"
MORE = (
    "A power law of F1 over sentences (`sciner.score.extrapolate`) is fitted to each policy and "
    "extrapolated to all gold, where F1 was measured too. To check the method, the larger half of "
    "the budgets is hidden, and the law is fitted to the rest. `error` is the mean distance in F1 "
    "between the extrapolated and the measured values of the hidden points, and `inside` the share "
    "of hidden points within their 95% intervals."
)
Curves = Mapping[str, Mapping[int, Curve]]  # {method: {seed: curve}}


def render(frame: pd.DataFrame, counts: Counts) -> str:
    parts = [
        "# Active learning",
        "The area is that under the curve of test entity F1 over the budget, divided by the width "
        "of the budgets that all methods reach: the mean F1 along the curve. Differences from "
        "`random` are paired by seed, and their intervals are a bootstrap over seeds and test "
        "documents; p is corrected by Holm's method over the policies of a table. Budgets include "
        "the seed set. A policy with `all silver` is also trained on the silver of the rest of the "
        "pool, one with `sure spans` on its spans from 0.9 (`crf`) or 0.8 (`minilm`).",
    ]
    for model, bought in curricula(frame):
        by_unit = {unit: learning_curves(bought, ["method"], unit, counts) for unit in UNITS}
        full = frame[(frame["model"] == model) & (frame["data.seed_size"] == "100%")]
        parts += [f"## {model}", f"![F1 over what gold has cost, {model}](curves_{model}.svg)"]
        for unit, curves in by_unit.items():
            parts += [f"### In {unit}", markdown(compared(curves, unit, full))]
        parts += ["### Orders that depend on the unit", turned(by_unit)]
        parts += [
            "### Rare classes and unseen mentions, at the end",
            LENS_WORDS,
            means(bought, ["model", "method"], [], (F1, *LENS)),
        ]
        parts += [
            "### What more annotation would buy",
            MORE,
            markdown(continued(by_unit["sentences"], full)),
        ]
    parts += ["## All-O answers and people", markdown(bounds(frame))]
    parts += ["## Published", published("active_learning")]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def curricula(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each model's runs that bought batches, under the names of their methods."""
    bought = frame[frame["acquire"] != "none"]
    silver = bought["threshold"].map({"accept_all": "all silver", "fixed": "sure spans"})
    methods = bought["acquire"].where(
        bought["threshold"] == "accept_none", bought["acquire"] + " + " + silver
    )
    for model, runs in bought.assign(method=methods).groupby("model"):
        yield str(model), runs


def compared(curves: Curves, unit: str, full: pd.DataFrame) -> Table:
    """One row per method: its area, the difference from random, the share of all gold for 95% of
    the F1 with full supervision."""
    over = common_range(curve for by_seed in curves.values() for curve in by_seed.values())
    others = [name for name in curves if name != BASELINE]
    found = {name: area_difference(curves[name], curves[BASELINE], over) for name in others}
    adjusted = dict(zip(others, holm_by_family([found[name].p for name in others]), strict=True))
    areas = {
        name: float(np.mean([area(c, over) for c in by_seed.values()]))
        for name, by_seed in curves.items()
    }
    rows = []
    for name in sorted(curves, key=lambda name: -areas[name]):
        last = np.mean([np.interp(over[1], c.budget, c.f1) for c in curves[name].values()])
        row = [name, f"{areas[name]:.3f}", f"{last:.3f}"]
        row += (
            [difference_text(found[name]), "–" if (p := adjusted[name]) is None else f"{p:.3f}"]
            if name in found
            else ["", ""]
        )
        rows.append((*row, reached(curves[name], unit, full), str(len(curves[name]))))
    headings = (
        "policy",
        "area",
        "F1 at the end",
        "area minus that of random",
        "p",
        "of all gold for 95% of full F1",
        "seeds",
    )
    notes = [f"Over {over[0]:,.0f} to {over[1]:,.0f} {unit}."]
    if any(len(by_seed) == 1 for by_seed in curves.values()):
        notes.append(
            "With one seed, the area is that of this seed, and the interval is over test documents."
        )
    return Table(headings, tuple(rows), 1, tuple(notes))


def reached(by_seed: Mapping[int, Curve], unit: str, full: pd.DataFrame) -> str:
    """Mean over seeds of the share, where every seed reaches it."""
    if full.empty:
        return "–"
    whole = {
        m: float(full[full["metric"] == m]["value"].mean())
        for m in ("test/f1/micro", f"budget/{unit}")
    }
    shares = [
        share_to_reach(curve, whole["test/f1/micro"], whole[f"budget/{unit}"])
        for curve in by_seed.values()
    ]
    known = [share for share in shares if share is not None]
    return (
        f"{np.mean(known):.0%}"
        if len(known) == len(shares)
        else f"not by {len(shares) - len(known)} of {len(shares)}"
    )


def continued(curves: Curves, full: pd.DataFrame) -> Table:
    """One row per policy: the extrapolation to all gold, and its error where F1 is known."""
    whole = {
        m: float(full[full["metric"] == m]["value"].mean())
        for m in ("test/f1/micro", "budget/sentences")
    }
    rows, errors = [], []
    for name, by_seed in sorted(curves.items()):
        budget, f1 = pooled(by_seed)
        row = [name, NONE, NONE, NONE]
        try:
            found = hindsight(budget, f1)
        except ValueError:  # too few budgets
            pass
        else:
            errors.append(found.error)
            row[2:] = [
                f"{found.error:.3f}",
                NONE if found.inside is None else f"{found.inside:.0%}",
            ]
        if not full.empty:
            guess = fit_power_law(budget, f1).at(whole["budget/sentences"])
            row[1] = f"{guess.f1:.3f}" + (
                f" [{guess.low:.3f}, {guess.high:.3f}]" if guess.low is not None else "*"
            )
        rows.append(tuple(row))
    notes = [f"Measured with all gold: {whole['test/f1/micro']:.3f}."] if not full.empty else []
    notes += [f"Mean of `error`: {np.mean(errors):.3f}."] if errors else []
    headings = ("policy", "F1 with all gold, extrapolated", "error", "inside")
    return Table(headings, tuple(rows), 1, (*notes, "* No interval: too few points for the law."))


def turned(by_unit: Mapping[str, Curves]) -> str:
    """Pairs of methods whose order depends on the unit of the budget."""
    found = flips(by_unit)
    clear = [flip for flip in found if flip.clear]
    if not clear:
        return (
            f"Pairs whose order depends on the unit: {len(found)}. In no pair do the intervals of "
            "both orders exclude 0."
        )
    rows = tuple((f.a, f.b, *(difference_text(f.by_unit[unit]) for unit in UNITS)) for f in clear)
    note = (
        f"Of {len(found)} pairs whose order depends on the unit, those in which the intervals of "
        "both orders exclude 0."
    )
    return markdown(Table(("a", "b", *(f"a minus b, {unit}" for unit in UNITS)), rows, 2, (note,)))


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    """For each model, F1 over sentences, tokens and minutes; means over seeds. Colours show
    policies, kinds of lines the silver."""
    found = {}
    for model, bought in curricula(frame):
        figure = Figure(figsize=(12, 4.6), layout="constrained")
        lines = {}
        for axes, unit in zip(figure.subplots(1, len(UNITS), sharey=True), UNITS, strict=True):
            methods = learning_curves(bought, ["method"], unit, counts)
            policies = sorted({name.partition(" + ")[0] for name in methods} - {BASELINE})
            colours = {BASELINE: "black"} | dict(zip(policies, COLOURS, strict=False))
            for name, by_seed in sorted(methods.items()):
                policy, _, silver = name.partition(" + ")
                low, high = common_range(by_seed.values())
                at = np.linspace(low, high, 60)
                mean = np.mean([np.interp(at, c.budget, c.f1) for c in by_seed.values()], axis=0)
                (lines[name],) = axes.plot(
                    at, mean, color=colours[policy], linewidth=1.6, linestyle=DASHES[silver]
                )
            axes.set_xlabel(f"gold: {unit}")
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        figure.axes[0].set_ylabel("test entity F1")
        figure.legend(
            lines.values(), lines, loc="outside upper left", ncols=7, frameon=False, fontsize=8
        )
        found[f"curves_{model}"] = figure
    return found
