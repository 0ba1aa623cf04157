"""RESULTS.md of runs.csv."""

from __future__ import annotations

import pandas as pd

from experiments.sections import (
    LENS,
    LENS_WORDS,
    Setting,
    classes_of,
    differences,
    document,
    means,
    published,
)
from sciner.report.frames import Counts
from sciner.report.tables import F1

ROWS = (
    "corpus",
    "model",
    "threshold",
    "threshold.granularity",
    "threshold.min_confidence",
    "threshold.share",
)
CELL = ROWS[2:]
SILVER = (
    "silver/accepted_share",
    "silver/accepted_spans",
    "silver/precision/micro",
    "silver/recall/micro",
    "silver/empty_sentences",
    "silver/masked_tokens",
)


def render(frame: pd.DataFrame, counts: Counts) -> str:
    # elsewhere it is a default that means nothing
    frame = frame.assign(
        **{"threshold.share": frame["threshold.share"].where(frame["threshold"] == "quantile", "")}
    )
    accepted = [f"silver/spans/{label}" for label in classes_of(frame)]
    purity = [f"silver/precision/{label}" for label in classes_of(frame)]
    silver = frame[frame["threshold"] != "accept_none"]
    return document(
        "Thresholds: what they accept, how much of it is right, and the effect on F1",
        "One round from a seed set of 10%. `threshold=accept_none` accepts nothing: it is the "
        "control, trained again in every round.",
        "## What is accepted",
        means(silver, ROWS, [], SILVER),
        "## The effect on F1",
        means(
            frame,
            ROWS,
            [],
            (F1, "test/f1/macro", "test/precision/micro", "test/recall/micro", "drift/collapse"),
        ),
        *(
            differences(runs, counts, ["corpus", "model"], contrasts(runs))
            for _, runs in frame.groupby("model")
        ),
        "## Rare classes and unseen mentions",
        LENS_WORDS,
        means(frame, ROWS, [], LENS),
        "## Class by class: accepted spans, and their precision",
        means(silver, ROWS, [], accepted),
        means(silver, ROWS, [], purity),
        "## Published",
        published("thresholds"),
    )


def contrasts(runs: pd.DataFrame) -> dict[str, tuple[Setting, Setting]]:
    """Every cell of one model's grid against the control."""
    cells = runs[list(CELL)].drop_duplicates().to_dict("records")
    return {
        said(cell): (cell, {"threshold": "accept_none"})
        for cell in cells
        if cell["threshold"] != "accept_none"
    }


def said(cell: dict[str, str]) -> str:
    """A cell of the grid against the control, in a few words: fixed, span from 0.9 -
    accept_none."""
    if cell["threshold"] == "accept_all":
        return "accept_all - accept_none"
    bar = f"from {cell['threshold.min_confidence']}"
    how = f"surest {cell['threshold.share']}" if cell["threshold"] == "quantile" else bar
    return f"{cell['threshold']}, {cell['threshold.granularity']} {how} - accept_none"
