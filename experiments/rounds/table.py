"""RESULTS.md of runs.csv."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from experiments.draw import lines
from experiments.sections import (
    BARS,
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
from sciner.report.render import NONE, Table, markdown
from sciner.report.tables import F1, cells
from sciner.score.propagation import Fate

ROWS = ("corpus", "model", "threshold")
METHODS = {
    "accept_none": "control, no silver",
    "accept_all": "all silver (paper)",
    "fixed": "sure spans",
    "fixed_sentence": "sentences from 0.8",
}
ACCEPTED = ("silver/accepted_sentences", "silver/empty_sentences")
PREFIX = "silver/errors/"
SHARES = tuple(f"{fate}_share" for fate in Fate)


def render(frame: pd.DataFrame, counts: Counts) -> str:
    fates = with_shares(frame)
    classes = classes_of(frame)
    followed = fates[(fates["round"] == 2) & fates["threshold"].isin(["accept_all", "fixed"])]
    return document(
        "Round by round: convergence, or collapse",
        "Entity F1 (strict, micro) on test. `threshold=accept_none` accepts no silver: it is the "
        f"control, trained again in every round. {BARS}",
        means(frame, ROWS, ["round"]),
        "![F1 by round](f1.svg)",
        "## Against the control, and later rounds against the first",
        *(
            differences(runs, counts, ["corpus", "model"], contrasts(runs))
            for _, runs in frame.groupby("model")
        ),
        "## The silver",
        "Precision of the accepted spans against the withheld gold of the pool.",
        "![Silver precision by round](silver.svg)",
        means(frame, ROWS, ["round"], "silver/precision/micro"),
        "Accepted sentences, and those of them without a span:",
        means(frame[frame["threshold"] != "accept_none"], [*ROWS, "round"], [], ACCEPTED),
        "## What becomes of its errors",
        "`before` counts the wrong spans in the silver of the previous round. What this round's "
        "silver has in their place, as shares: the same span (`again`), other wrong spans "
        "(`changed`), only right spans (`corrected`) or no span (`gone`). `new` counts the wrong "
        "spans where none was wrong before. `spread` is the share of these that have the text and "
        "class of a span that was wrong elsewhere.",
        means(
            fates,
            [*ROWS, "round"],
            [],
            [PREFIX + name for name in ("before", *SHARES, "new", "spread_share")],
        ),
        "By class, round 2, means over seeds:",
        *(
            part
            for model, runs in followed.groupby("model")
            for part in (f"### {model}", fates_by_class(runs, classes))
        ),
        "## Drift and collapse",
        "The share of the spans predicted for test that only one of this round and the previous "
        "round has:",
        means(frame, ROWS, ["round"], "drift/churn"),
        "Predicted spans per 100 tokens:",
        means(frame, ROWS, ["round"], "drift/density"),
        "Seeds with a collapse warning in the round (docs/policies.md):",
        collapses(frame),
        "## Rare classes and unseen mentions, last round",
        LENS_WORDS,
        means(frame, ROWS, [], LENS),
        "## Class by class, last round",
        means(frame, ROWS, [], [f"test/f1/{label}" for label in classes]),
        "## Published",
        published("rounds"),
    )


def collapses(frame: pd.DataFrame) -> str:
    """How many of the seeds, by round."""
    warned = frame[frame["metric"] == "drift/collapse"].groupby([*ROWS, "round"])["value"]
    texts = (warned.sum().astype(int).astype(str) + " of " + warned.count().astype(str)).unstack(
        fill_value=NONE
    )
    rows = tuple(
        (*map(str, key), *line) for key, line in zip(texts.index, texts.to_numpy(), strict=True)
    )
    return markdown(Table((*ROWS, *map(str, texts.columns)), rows, len(ROWS)))


def contrasts(runs: pd.DataFrame) -> dict[str, tuple[Setting, Setting]]:
    """Of one model: the first and the last round against the control, and against each other."""
    last, names = (
        int(runs["round"].max()),
        [name for name in METHODS if name != "accept_none" and (runs["threshold"] == name).any()],
    )
    control = {
        f"{name}: round {k} - control": (
            {"threshold": name, "round": k},
            {"threshold": "accept_none", "round": k},
        )
        for name in names
        for k in (1, last)
    }
    first = {
        f"{name}: round {last} - round 1": (
            {"threshold": name, "round": last},
            {"threshold": name, "round": 1},
        )
        for name in names
    }
    return {**control, **first}


def with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """The counts of errors, and each fate's share of them: ``again_share`` of ``before``,
    ``spread_share`` of ``new``."""
    counts = frame[frame["metric"].str.startswith(PREFIX)]
    of = counts.set_index(["run", "round", "metric"])["value"]
    found = [counts]
    for part, whole in (*((str(fate), "before") for fate in Fate), ("spread", "new")):
        parts = counts[counts["metric"].str.fullmatch(f"{PREFIX}{part}(/.*)?")]
        keys = [
            (run, k, name.replace(part, whole, 1))
            for run, k, name in zip(parts["run"], parts["round"], parts["metric"], strict=True)
        ]
        wholes = of.reindex(pd.MultiIndex.from_tuples(keys, names=of.index.names)).to_numpy()
        names = parts["metric"].str.replace(part, f"{part}_share", n=1)
        found.append(parts.assign(metric=names, value=parts["value"] / wholes)[wholes > 0])
    return pd.concat(found, ignore_index=True)


def fates_by_class(followed: pd.DataFrame, classes: Sequence[str]) -> str:
    """One row per threshold and class of one model and round; – where no seed had any."""
    found = followed.groupby(["threshold", "metric"])["value"].mean()
    labels = [label for label in classes if (followed["metric"] == f"{PREFIX}before/{label}").any()]
    rows = []
    for threshold in followed["threshold"].drop_duplicates():
        for label in labels:
            counted = {
                name: found.get((threshold, f"{PREFIX}{name}/{label}"))
                for name in ("before", *SHARES, "new", "spread_share")
            }
            shown = (
                f"{value:.{0 if name in ('before', 'new') else 2}f}" if value is not None else NONE
                for name, value in counted.items()
            )
            rows.append((str(threshold), label, *shown))
    return markdown(Table(("threshold", "class", "before", *Fate, "new", "spread"), tuple(rows), 2))


def figures(frame: pd.DataFrame, counts: Counts) -> dict[str, Figure]:
    drawn = {}
    for name, metric, y in (
        ("f1", F1, "entity F1 on test"),
        ("silver", "silver/precision/micro", "precision of accepted silver"),
    ):
        if (frame["metric"] == metric).any():
            grid = cells(frame, ["model", "threshold"], ["round"], metric)
            series = {
                (str(model), METHODS[str(threshold)]): [
                    (float(str(key[0])), grid.cells[(model, threshold), key])
                    for key in grid.column_keys
                    if ((model, threshold), key) in grid.cells
                ]
                for model, threshold in grid.row_keys
            }
            drawn[name] = lines(series, "round", y)
    return drawn
