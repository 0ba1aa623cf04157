"""Bounds for the figures of a corpus: what predicting O everywhere gets, and how people agree."""

from __future__ import annotations

import pandas as pd

from sciner.report.frames import last_round
from sciner.report.render import NONE, Table
from sciner.text.catalog.entry import SPAN_F1, Agreement
from sciner.text.catalog.known import CATALOG

ALL_O = "test/all_o/accuracy/token"


def agreement(corpus: str) -> tuple[Agreement, ...]:
    """Return the agreement of a corpus's annotators; empty if it is not known."""
    return CATALOG[corpus].agreement if corpus in CATALOG else ()


def ceiling(corpus: str) -> float | None:
    """Return the entity F1 of one annotator judged by another; None if it is not known as F1."""
    return next((one.value for one in agreement(corpus) if one.measure == SPAN_F1), None)


def bounds(frame: pd.DataFrame) -> Table:
    """Make a table with a row for each corpus and each measure of its annotators' agreement."""
    rows = []
    for corpus, group in last_round(frame).groupby("corpus", sort=False):
        values = group.loc[group["metric"] == ALL_O, "value"]
        floor = f"{values.iloc[0]:.3f}" if len(values) else NONE
        told = [
            (one.measure, one.on, one.source, f"{one.value:g}") for one in agreement(str(corpus))
        ] or [(NONE,) * 4]
        rows += [(str(corpus), *one, floor) for one in told]
    headings = (
        "corpus",
        "measure",
        "on",
        "source",
        "people agree",
        "token accuracy of O everywhere",
    )
    notes = (
        "Only a span F1 of people can be compared with a tagger's entity F1. It is an upper limit "
        "for what scores on that corpus can show.",
    )
    return Table(headings, tuple(rows), 4, notes)
