"""`sciner report --paper`: the published figures of a paper beside those of the runs.

Each reading of a figure has its own column.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from sciner.report.compared import ComparedRuns, worded
from sciner.report.frames import keys_of
from sciner.report.published import PAPERS, Published, published
from sciner.report.render import NONE, Table, cell_text
from sciner.report.section import Section
from sciner.report.tables import F1, cells
from sciner.text.catalog.entry import SPAN_F1

BY_AUTO = "by_auto/f1/micro"
GAP = "by_auto/gap"
NOT_STATED = "F1, reading not stated"
# the readings of a figure: their names in the CSV files, by the metric of a run
READINGS = {
    "test/accuracy/token": "token accuracy",
    "test/f1/token_weighted": "token F1, weighted, with O",
    "test/f1/token_weighted_without_o": "token F1, weighted, without O",
    F1: "entity F1, strict micro",
    BY_AUTO: "entity F1 against the round before",
}
ALL_O = {f"test/all_o/{name.removeprefix('test/')}": name for name in READINGS if name != F1}


def judged_by_the_last_round(frame: pd.DataFrame) -> pd.DataFrame:
    """Add two metrics: F1 against the annotation of the previous round, and that minus F1 on gold.

    ``drift/churn`` is 1 - Dice of two sets of spans, and their F1 is Dice, whichever is the
    reference.
    """
    churn = frame[frame["metric"] == "drift/churn"]
    at = ["run", "round"]
    f1 = frame[frame["metric"] == F1].set_index(at)["value"]
    agreement = churn.assign(metric=BY_AUTO, value=1 - churn["value"])
    clean = f1.reindex(pd.MultiIndex.from_frame(churn[at])).to_numpy()
    return pd.concat(
        [frame, agreement, agreement.assign(metric=GAP, value=agreement["value"] - clean)],
        ignore_index=True,
    )


def beside_the_paper(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the section with the figures of ``compared.paper``, if there is one."""
    if compared.paper is None:
        return
    figures = published(PAPERS / f"{compared.paper}.csv")
    headings = ("figures of", "corpus or split", "model", "setting", "round")
    rows = [*map(published_row, figures), *all_o_rows(compared.frame), *run_rows(compared)]
    columns = (*READINGS.values(), NOT_STATED)
    notes = ("Runs: mean over seeds [95% t interval]; * one seed.",)
    text = (
        f"First the figures published for arXiv {compared.paper}, then predicting O everywhere, "
        "then these runs. The same predictions have a different figure in each column, so compare "
        f"figures only within a column. {READINGS[BY_AUTO]}: the reference is not gold, but the "
        "previous round's annotation of the test text."
    )
    table = Table((*headings, *columns), tuple(rows), len(headings), notes)
    yield Section("paper", "Published figures beside these runs", text, table=table)


def published_row(one: Published) -> tuple[str, ...]:
    """Make the row of a published figure: in the column of its reading, or in the last one."""
    # a span F1 of people is the same figure as a tagger's entity F1
    reading = READINGS[F1] if one.figure == SPAN_F1 else one.figure
    shown = [one.value if words == reading else NONE for words in READINGS.values()]
    unknown = NONE if reading in READINGS.values() else one.value
    return (one.source, one.split, one.model, one.note, NONE, *shown, unknown)


def all_o_rows(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the row of predicting O everywhere for each corpus; its entity F1 is 0."""
    for corpus, of_corpus in frame.groupby("corpus", sort=False):
        values = of_corpus.drop_duplicates("metric").set_index("metric")["value"]
        by_reading = {ALL_O[name]: f"{values[name]:.3f}" for name in ALL_O if name in values}
        if by_reading:
            by_reading[F1] = "0.000"
            shown = (by_reading.get(metric, NONE) for metric in READINGS)
            yield "these runs", f"{corpus} test", "none: O everywhere", NONE, NONE, *shown, NONE


def run_rows(compared: ComparedRuns) -> Iterator[tuple[str, ...]]:
    """Yield a row for each setting and round of the runs."""
    frame = judged_by_the_last_round(compared.frame)
    metrics = [name for name in READINGS if (frame["metric"] == name).any()]
    by = [*keys_of(frame), "round"]
    grids = {name: cells(frame, by, [], name) for name in metrics}
    for key in grids[F1].row_keys:
        setting = dict(zip(by, map(str, key), strict=True))
        corpus, model, number = (setting.pop(name) for name in ("corpus", "model", "round"))
        words = worded(setting) or NONE
        shown = (
            cell_text(grids[name].cells.get((key, ()))) if name in grids else NONE
            for name in READINGS
        )
        yield "these runs", f"{corpus} test", model, words, number, *shown, NONE
