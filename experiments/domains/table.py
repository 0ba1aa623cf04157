"""RESULTS.md of runs.csv."""

from __future__ import annotations

import pandas as pd

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
from sciner.report.bounds import bounds
from sciner.report.frames import Counts, last_round
from sciner.report.render import Table, markdown

ROWS = ("corpus", "model")
RARE = 0.05


def render(frame: pd.DataFrame, counts: Counts) -> str:
    control = {"threshold": "accept_none"}
    contrasts = {
        f"{name} - accept_none": ({"threshold": name}, control) for name in ("accept_all", "fixed")
    }
    silver = frame[frame["threshold"] != "accept_none"]
    by_class = [
        part
        for (corpus, model), group in frame.groupby(list(ROWS))
        for part in (f"### {corpus}, {model}", classes(group))
    ]
    return document(
        "Four domains",
        "One round from a seed set of 10%; seed set and pool of bc5cdr have 1,500 sentences. "
        "`threshold=accept_none` accepts no silver: it is the control, trained again in every "
        f"round. {BARS} The files of bc5cdr do not mark documents, so its intervals are over "
        "seeds only.",
        means(frame, ROWS, ["threshold"]),
        "## Against the control",
        differences(frame, counts, ROWS, contrasts),
        "## Entity distributions",
        distributions(frame),
        "## All-O answers and people",
        markdown(bounds(frame)),
        "## The silver",
        means(
            silver,
            [*ROWS, "threshold"],
            [],
            ("silver/accepted_share", "silver/precision/micro", "silver/recall/micro"),
        ),
        "## Rare classes and unseen mentions",
        LENS_WORDS,
        means(frame, [*ROWS, "threshold"], [], LENS),
        differences(frame, counts, ROWS, contrasts, LENS),
        "## Class by class: test spans and F1 by threshold",
        *by_class,
        "## Published",
        published("domains"),
    )


def distributions(frame: pd.DataFrame) -> str:
    """The test set of each corpus, and the density of the bought gold."""
    rows = []
    for corpus, group in last_round(frame).groupby("corpus"):
        spans = (
            group[group["metric"].str.startswith("test/support/")]
            .groupby("metric")["value"]
            .first()
        )
        bought = group.groupby("metric")["value"].mean()
        shares = spans / spans.sum()
        unseen = bought["test/unseen/spans"] / (
            bought["test/unseen/spans"] + bought["test/seen/spans"]
        )
        density = 100 * bought["budget/entities"] / bought["budget/tokens"]
        counted = (len(spans), int((shares < RARE).sum()), int(spans.sum()))
        rows.append(
            (
                str(corpus),
                *map(str, counted),
                f"{shares.max():.2f}",
                f"{density:.1f}",
                f"{unseen:.2f}",
            )
        )
    headings = (
        "corpus",
        "classes",
        "of them under 5%",
        "spans",
        "largest class",
        "bought spans per 100 tokens",
        "unseen",
    )
    notes = (
        "The figures are those of the test set, except the density of the bought gold. This "
        "density and the share of unseen spans are means over runs.",
    )
    return markdown(Table(headings, tuple(rows), 1, notes))


def classes(frame: pd.DataFrame) -> str:
    """One row per class: its gold spans on test, its mean F1 by threshold."""
    found = last_round(frame).groupby(["metric", "threshold"])["value"].mean()
    thresholds = [
        name for name in ("accept_none", "accept_all", "fixed") if name in set(frame["threshold"])
    ]
    rows = tuple(
        (
            label,
            f"{frame.loc[frame['metric'] == f'test/support/{label}', 'value'].iloc[0]:.0f}",
            *(f"{found[f'test/f1/{label}', name]:.3f}" for name in thresholds),
        )
        for label in classes_of(frame)
    )
    return markdown(Table(("class", "test spans", *thresholds), rows, 1, ("Mean F1 over seeds.",)))
