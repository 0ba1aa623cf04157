"""RESULTS.md of runs.csv."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from experiments.draw import lines
from experiments.sections import (
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

ROWS = ("corpus", "model", "data.seed_size", "annotator.rate")
SIZES = ("corpus", "model", "data.seed_size")


def render(frame: pd.DataFrame, counts: Counts) -> str:
    supervised, silver = (
        frame[frame["threshold"] == "accept_none"],
        frame[frame["threshold"] == "accept_all"],
    )
    none, *rates = sorted(set(frame["annotator.rate"]), key=float)
    clean = {"annotator.rate": none, "threshold": "accept_none"}
    noise = {
        f"rate {rate} - rate {none}": ({"annotator.rate": rate, "threshold": "accept_none"}, clean)
        for rate in rates
    }
    methods = {
        "accept_all - accept_none": ({"threshold": "accept_all"}, {"threshold": "accept_none"})
    }
    return document(
        "What the quality of the first labels is worth",
        "The annotator makes errors in a share of the spans (`annotator.rate`): missed spans, "
        "wrong classes, shifted boundaries and spurious spans, in equal parts. "
        "`threshold=accept_none` trains on these labels only, `threshold=accept_all` also on one "
        "round of all silver. The scores use clean gold.",
        "Without silver:",
        means(supervised, SIZES, ["annotator.rate"]),
        "![F1 by error rate](f1.svg)",
        "## What the errors cost, without silver",
        differences(supervised, counts, SIZES, noise),
        "## How good the bought labels are",
        means(supervised, ROWS, [], ("gold/f1", "gold/precision", "gold/recall", "budget/minutes")),
        "## Does a round on all silver correct or spread them?",
        differences(
            frame[frame["annotator.rate"].isin(set(silver["annotator.rate"]))],
            counts,
            ROWS,
            methods,
        ),
        means(silver, ROWS, [], (F1, "silver/precision/micro", "silver/recall/micro")),
        "## Rare classes and unseen mentions",
        LENS_WORDS,
        means(supervised, ROWS, [], LENS),
        "## Class by class, without silver",
        means(supervised, ROWS, [], [f"test/f1/{label}" for label in classes_of(frame)]),
        "## Published",
        published("annotator_noise"),
    )


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    supervised = frame[frame["threshold"] == "accept_none"]
    grid = cells(supervised, ["model", "data.seed_size"], ["annotator.rate"], F1)
    series = {
        (str(row[0]), f"seed set of {row[1]}"): [
            (float(str(key[0])), grid.cells[row, key])
            for key in grid.column_keys
            if (row, key) in grid.cells
        ]
        for row in grid.row_keys
    }
    return {"f1": lines(series, "error rate of the annotator", "entity F1 on test, no silver")}
