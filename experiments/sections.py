"""What the tables of several artefacts have in common; all of it over ``sciner.report``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from sciner.report.frames import Counts
from sciner.report.published import published as read_published
from sciner.report.published import published_table
from sciner.report.render import NONE, Table, difference_text, markdown, p_text, table_of
from sciner.report.tables import F1, cells, paired
from sciner.score.curves import Difference
from sciner.score.multiple import holm_by_family

Setting = Mapping[str, object]  # {column: value}
BARS = "`threshold=fixed` accepts spans from a confidence of 0.9 with `crf`, of 0.8 with `minilm`."
LENS = ("test/f1/rare", "test/unseen/f1", "test/seen/f1")
LENS_WORDS = (
    "`test/f1/rare`: F1 over the classes that have less than 5% of the spans in the bought gold; "
    "seeds without such a class are left out. `test/unseen/f1`: F1 over the spans, gold and "
    "predicted, whose text does not occur as a span in the bought gold."
)


def document(title: str, *parts: str) -> str:
    """A Markdown file of paragraphs and tables."""
    return "\n\n".join([f"# {title}", *(part.strip("\n") for part in parts)]) + "\n"


def where(frame: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """The rows with these values."""
    for name, value in setting.items():
        frame = frame[frame[name] == value]
    return frame


def classes_of(frame: pd.DataFrame) -> list[str]:
    """The classes of the test sets, sorted."""
    return sorted(
        name.removeprefix("test/support/")
        for name in set(frame["metric"])
        if name.startswith("test/support/")
    )


def means(
    frame: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    metric: str | Sequence[str] = F1,
) -> str:
    """Mean over seeds with its interval, cell by cell; of several metrics those that a run has."""
    wanted = (
        [metric]
        if isinstance(metric, str)
        else [name for name in metric if (frame["metric"] == name).any()]
    )
    return (
        markdown(table_of(cells(frame, rows, columns, wanted)))
        if wanted and len(frame)
        else "No run has these figures yet."
    )


def differences(
    frame: pd.DataFrame,
    counts: Counts,
    by: Sequence[str],
    contrasts: Mapping[str, tuple[Setting, Setting]],
    metrics: Sequence[str] = (F1,),
) -> str:
    """What each of ``contrasts`` (a, b) is worth, a minus b, for every combination of the values of
    ``by``. The p values are corrected for the comparisons of one metric within a corpus."""
    groups = list(frame.groupby(list(by), sort=False)) if by else [((), frame)]
    labels = [(*map(str, key), name) for key, _ in groups for name in contrasts]
    shown: list[list[str]] = [[] for _ in labels]
    for metric in metrics:
        found = [
            difference(group, a, b, metric, counts)
            for _, group in groups
            for a, b in contrasts.values()
        ]
        families = [label[by.index("corpus")] if "corpus" in by else "" for label in labels]
        corrected = holm_by_family([one and one.p for one in found], families)
        for line, one, p in zip(shown, found, corrected, strict=True):
            line += [difference_text(one) if one else NONE, p_text(p)]
    headings = (*by, "difference", *(word for name in metrics for word in (name, "p")))
    rows = tuple((*label, *line) for label, line in zip(labels, shown, strict=True))
    notes = (
        "Paired by seed: mean [95% interval]. The interval of micro F1 is a bootstrap over seeds "
        "and test documents, if the counts of each document are known;",
        "all others are t intervals over seeds. * One seed: no interval. p is corrected by Holm's "
        "method over the rows of a corpus.",
    )
    return markdown(Table(headings, rows, len(by) + 1, notes))


def difference(
    frame: pd.DataFrame, a: Setting, b: Setting, metric: str, counts: Counts
) -> Difference | None:
    """None where no seed has both."""
    seeds = [set(where(frame, {**setting, "metric": metric})["seed"]) for setting in (a, b)]
    return paired(frame, a, b, metric, counts).difference if seeds[0] & seeds[1] else None


def published(artefact: str) -> str:
    """published.csv of an artefact as a table, or that nothing was found to stand beside these
    figures."""
    figures = read_published(Path(__file__).parent / artefact / "published.csv")
    if not figures:
        return "No published figures of the same kind were found."
    return markdown(published_table(figures))
