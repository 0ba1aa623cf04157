"""RESULTS.md of runs.csv."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from experiments.draw import lines
from experiments.sections import (
    BARS,
    LENS,
    LENS_WORDS,
    classes_of,
    differences,
    document,
    means,
    published,
)
from sciner.report.frames import Counts
from sciner.report.tables import F1, cells

ROWS = ("corpus", "model", "data.seed_size")
METHODS = {
    "accept_none": "control, no silver",
    "accept_all": "all silver (paper)",
    "fixed": "sure spans",
}
CONTROL = {"threshold": "accept_none"}


def render(frame: pd.DataFrame, counts: Counts) -> str:
    contrasts = {
        f"{name} - accept_none": ({"threshold": name}, CONTROL) for name in ("accept_all", "fixed")
    }
    silver = ("silver/accepted_spans", "silver/precision/micro", "silver/recall/micro")
    return document(
        "What self-training adds to seed sets of three sizes",
        "Entity F1 (strict, micro) on test after the last round. `threshold=accept_none` accepts "
        "no silver: it is the control, trained again in every round on the seed set alone. "
        f"{BARS}",
        means(frame, ROWS, ["threshold"]),
        "![F1 by seed size](f1.svg)",
        "## Against the control",
        differences(frame, counts, ROWS, contrasts),
        "## Class by class",
        means(frame, [*ROWS, "threshold"], [], [f"test/f1/{label}" for label in classes_of(frame)]),
        "## Rare classes and unseen mentions",
        LENS_WORDS,
        means(frame, [*ROWS, "threshold"], [], LENS),
        differences(frame, counts, ROWS, contrasts, LENS),
        "## The silver of the last round",
        means(frame[frame["threshold"] != "accept_none"], [*ROWS, "threshold"], [], silver),
        "## Published",
        published("seed_size"),
    )


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    grid = cells(frame, ["model", "threshold"], ["data.seed_size"], F1)
    sizes = {float(str(key[0]).rstrip("%")): key for key in grid.column_keys}
    series = {
        (str(model), METHODS[str(threshold)]): [
            (size, grid.cells[(model, threshold), key])
            for size, key in sizes.items()
            if ((model, threshold), key) in grid.cells
        ]
        for model, threshold in grid.row_keys
    }
    return {"f1": lines(series, "seed set, % of the training sentences", "entity F1 on test")}
