"""RESULTS.md of runs.csv."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from experiments.draw import lines
from experiments.sections import LENS, LENS_WORDS, classes_of, differences, document, means, published
from sciner.report.frames import Counts
from sciner.report.tables import F1, cells

ROWS = ("corpus", "model", "threshold")
METHODS = {
    "reject": "control, no silver",
    "none": "all silver (paper)",
    "fixed": "spans from 0.9",
    "fixed_sentence": "sentences from 0.8",
}


def render(frame: pd.DataFrame, counts: Counts) -> str:
    last = int(frame["round"].max())
    control = {"threshold": "reject"}
    steps = {
        f"{name}: round {k} - control": ({"threshold": name, "round": k}, {**control, "round": k})
        for name in ("none", "fixed", "fixed_sentence")
        for k in (1, last)
    }
    later = {
        f"{name}: round {last} - round 1": ({"threshold": name, "round": last}, {"threshold": name, "round": 1})
        for name in ("none", "fixed", "fixed_sentence")
    }
    return document(
        "Round by round: convergence, or collapse",
        "Entity F1 (strict, micro) on test. `threshold=reject` accepts no silver: the supervised control, trained every round.",
        means(frame, ROWS, ["round"]),
        "![F1 by round](f1.svg)",
        "## Against the control, and later rounds against the first",
        differences(frame, counts, ["corpus", "model"], steps | later),
        "## The silver",
        "Precision of the accepted spans against the withheld gold of the pool.",
        "![Silver precision by round](silver.svg)",
        means(frame, ROWS, ["round"], "silver/precision/micro"),
        "Sentences left without a span, of those accepted:",
        means(frame[frame["threshold"] != "reject"], ROWS, ["round"], ["silver/accepted_sentences", "silver/empty_sentences"]),
        "## Drift and collapse",
        "Of the predictions for test: the share of spans that only one of this round and the last has; spans per 100 tokens; "
        "and the share of seeds for which the round looked like a collapse (docs/policies.md).",
        means(frame, ROWS, ["round"], "drift/churn"),
        means(frame, ROWS, ["round"], "drift/density"),
        means(frame, ROWS, ["round"], "drift/collapse"),
        "## Rare classes and unseen mentions, last round",
        LENS_WORDS,
        means(frame, ROWS, [], LENS),
        "## Class by class, last round",
        means(frame, ROWS, [], [f"test/f1/{label}" for label in classes_of(frame)]),
        "## Published",
        published("rounds"),
    )


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    drawn = {}
    for name, metric, y in (
        ("f1", F1, "entity F1 on test"),
        ("silver", "silver/precision/micro", "precision of accepted silver"),
    ):
        if (frame["metric"] == metric).any():
            grid = cells(frame, ["model", "threshold"], ["round"], metric)
            series = {
                f"{model}: {METHODS[str(threshold)]}": [
                    (float(str(key[0])), grid.cells[(model, threshold), key])
                    for key in grid.column_keys
                    if ((model, threshold), key) in grid.cells
                ]
                for model, threshold in grid.row_keys
            }
            drawn[name] = lines(series, "round", y)
    return drawn
