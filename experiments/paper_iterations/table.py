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
)
from sciner.report.frames import Counts
from sciner.report.paper import BY_AUTO, GAP, judged_by_the_last_round
from sciner.report.published import PAPERS, published, published_table
from sciner.report.render import markdown
from sciner.report.tables import F1, cells

ROWS = ("corpus", "model", "threshold")
READINGS = (
    "test/accuracy/token",
    "test/all_o/accuracy/token",
    "test/f1/token_weighted",
    "test/all_o/f1/token_weighted",
    "test/f1/token_weighted_without_o",
    F1,
    "test/f1/macro",
)
DRAWN = {
    "test/accuracy/token": "token accuracy",
    "test/f1/token_weighted": "token F1, weighted, with O",
    F1: "entity F1",
}


def render(frame: pd.DataFrame, counts: Counts) -> str:
    frame = named_by_steps(frame)
    whole = judged_by_the_last_round(frame)
    all_silver = frame[frame["threshold"] == "accept_all"]
    against = {
        "all silver - control": ({"threshold": "accept_all"}, {"threshold": "accept_none"}),
        "all silver: round 2 - round 0": (
            {"threshold": "accept_all", "round": 2},
            {"threshold": "accept_all", "round": 0},
        ),
        "all silver: round 2 - round 1": (
            {"threshold": "accept_all", "round": 2},
            {"threshold": "accept_all", "round": 1},
        ),
    }
    by_class = [
        section
        for corpus, group in all_silver.groupby("corpus")
        for section in (
            f"### {corpus}",
            means(
                group,
                ["corpus", "model", "round"],
                [],
                [f"test/f1/{label}" for label in classes_of(group)],
            ),
        )
    ]
    return document(
        "The paper's iterations: rounds 0, 1 and 2",
        "`threshold=accept_all` accepts all silver, as arXiv 2502.16312 does; "
        "`threshold=accept_none` accepts none: it is the control, trained again in every round on "
        "the seed set alone. All scores use the clean gold of test.",
        "## What a figure of 0.960 could be",
        "The same predictions, scored in each of these ways. `test/all_o/…` are the scores of "
        "answering O everywhere, which needs no tagger.",
        "![All silver on cmu_sciner: entity F1 and token figures by round](readings.svg)",
        means(frame, [*ROWS, "round"], [], READINGS),
        "## Judged by its own annotation",
        f"`{BY_AUTO}`: entity F1 of a round if the annotation of the test text by the previous "
        "round is the reference, instead of gold (1 - `drift/churn`). "
        f"`{GAP}`: this F1 minus the entity F1 against gold. The control has 1, because it "
        "repeats itself.",
        means(whole, [*ROWS, "round"], [], (F1, BY_AUTO, GAP)),
        "## What the iterations are worth",
        differences(frame, counts, ["corpus", "model"], against),
        "## Class by class, all silver",
        *by_class,
        "## Rare classes and unseen mentions, last round",
        LENS_WORDS,
        means(frame, ROWS, [], LENS),
        differences(
            frame,
            counts,
            ["corpus", "model"],
            {name: against[name] for name in ("all silver - control",)},
            LENS,
        ),
        "## Published",
        markdown(published_table(published(PAPERS / "2502.16312.csv"))),
    )


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    """All silver on cmu_sciner, one panel per model: entity F1 and token figures in a collapse."""
    named = named_by_steps(frame)
    chosen = named[(named["corpus"] == "cmu_sciner") & (named["threshold"] == "accept_all")]
    series = {}
    for metric, words in DRAWN.items():
        grid = cells(chosen, ["model"], ["round"], metric)
        for model in grid.row_keys:
            points = [
                (float(str(k[0])), grid.cells[model, k])
                for k in grid.column_keys
                if (model, k) in grid.cells
            ]
            series[str(model[0]), words] = points
    return {"readings": lines(series, "round", "test")}


def named_by_steps(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with the optimiser steps of a fit in the name of a model that was trained for more
    than one number of them."""
    steps = frame.get("model.steps", pd.Series("", frame.index))
    several = steps.groupby(frame["model"]).transform("nunique") > 1
    return frame.assign(
        model=frame["model"].where(~several, frame["model"] + ", " + steps + " steps")
    )
