"""RESULTS.md of runs.csv."""

from __future__ import annotations

import re

import pandas as pd
from matplotlib.figure import Figure

from experiments.draw import lines
from experiments.sections import LENS, LENS_WORDS, classes_of, document, means, published
from sciner.report.frames import Counts, last_round
from sciner.report.render import Table, markdown
from sciner.report.tables import cells

ROWS = ("corpus", "model")
BINS = tuple(f"{i / 10:.1f}" for i in range(10))
AGREEMENT = (
    "silver/f1/micro",
    "silver/precision/micro",
    "silver/recall/micro",
    "silver/kappa/micro",
    "silver/mean_confidence",
)


def render(frame: pd.DataFrame, counts: Counts) -> str:
    by_class = [
        part
        for (corpus, model), group in frame.groupby(["corpus", "model"])
        for part in (f"### {corpus}, {model}", classes(group))
    ]
    return document(
        "Auto-annotation against manual annotation",
        "The tagger of round 0 (a seed set of 10%) labels the pool. Its spans are compared with "
        "the withheld labels: class and both boundaries must be right.",
        means(frame, ROWS, [], AGREEMENT),
        "`silver/kappa/micro`: Cohen's kappa over the classes of the tokens that silver or gold "
        "marks. Tokens that both label O are left out, so kappa is too low rather than too high; "
        "it is below 0 if the two agree less than by chance.",
        "## By confidence",
        "Precision of the spans in each bin of confidence (named by its lower end), and below it "
        "their number. The precision of a well calibrated tagger is the middle of the bin.",
        "![Precision by confidence](reliability.svg)",
        by_bin(frame, "precision"),
        by_bin(frame, "spans"),
        "Kappa over the classes of the tokens inside these spans (O if gold has no span there):",
        by_bin(frame, "kappa"),
        "## Class by class",
        *by_class,
        "## Rare classes and unseen mentions: test, after training on it",
        LENS_WORDS,
        means(frame, ROWS, [], LENS),
        "## Published",
        published("auto_vs_manual"),
    )


def by_bin(frame: pd.DataFrame, what: str) -> str:
    """One column per bin of confidence, named by its lower end."""
    return re.sub(
        rf"silver/bin/(0\.\d)/{what}",
        r"\1",
        means(frame, ROWS, [], [f"silver/bin/{low}/{what}" for low in BINS]),
    )


def classes(frame: pd.DataFrame) -> str:
    """One row per class of one corpus and model: mean figures over seeds; – where no seed has one.
    kappa: of whether a token that silver or gold marks is of the class."""
    found = last_round(frame).groupby("metric")["value"].mean()
    labels = [label for label in classes_of(frame) if f"silver/spans/{label}" in found]
    figures = ("f1", "precision", "recall", "kappa")
    rows = tuple(
        (
            label,
            f"{found[f'silver/spans/{label}']:.0f}",
            *(
                f"{found[name]:.3f}" if (name := f"silver/{figure}/{label}") in found else "–"
                for figure in figures
            ),
        )
        for label in labels
    )
    return markdown(Table(("class", "spans labelled", *figures), rows, 1, ("Means over seeds.",)))


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    present = [low for low in BINS if (frame["metric"] == f"silver/bin/{low}/precision").any()]
    grid = cells(frame, list(ROWS), [], [f"silver/bin/{low}/precision" for low in present])
    series = {
        (str(row[1]), str(row[0])): [
            (float(low) + 0.05, grid.cells[row, key])
            for low in present
            if (row, key := (f"silver/bin/{low}/precision",)) in grid.cells
        ]
        for row in grid.row_keys
    }
    return {"reliability": lines(series, "confidence of the span", "precision in the pool")}
