"""What stands beside a corpus's figures: what answering O everywhere gets, and how far people
agree."""

from __future__ import annotations

import pandas as pd

from sciner.report.frames import last_round
from sciner.report.render import NONE, Table
from sciner.text.catalog.entry import SPAN_F1, Agreement
from sciner.text.catalog.known import CATALOG

ALL_O = "test/all_o/accuracy/token"


def agreement(corpus: str) -> tuple[Agreement, ...]:
    """Of the annotators of a corpus; none where it is not known."""
    return CATALOG[corpus].agreement if corpus in CATALOG else ()


def ceiling(corpus: str) -> float | None:
    """The entity F1 that people reach, one judged by another; None where it is not known, or known
    as another figure."""
    return next((one.value for one in agreement(corpus) if one.measure == SPAN_F1), None)


def bounds(frame: pd.DataFrame) -> Table:
    """A row a corpus, or a measure by which its annotators were compared."""
    rows = []
    for corpus, group in last_round(frame).groupby("corpus", sort=False):
        values = group.loc[group["metric"] == ALL_O, "value"]
        floor = f"{values.iloc[0]:.3f}" if len(values) else NONE
        told = [
            (f"{one.value:g}", one.measure, one.on, one.source) for one in agreement(str(corpus))
        ] or [(NONE,) * 4]
        rows += [(str(corpus), floor, *one) for one in told]
    headings = (
        "corpus",
        "token accuracy of all-O answers",
        "people agree",
        "measure",
        "on",
        "source",
    )
    notes = (
        "Only a span F1 of people is the same figure as a tagger's entity F1: the ceiling of what "
        "that corpus can tell.",
    )
    return Table(headings, tuple(rows), 1, notes)
