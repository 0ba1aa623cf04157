"""RESULTS.md of figures.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from experiments.sections import document
from sciner.report.render import Table, markdown

Figures = Mapping[str, Any]


def render(points: Sequence[Figures]) -> str:
    parts = [
        "Mean over seeds [lowest, highest]. A *place* is where the label or the prediction has a "
        "span. *Wrong*: the share of places whose label is not the clean one; a list in random "
        "order has this precision. *First k*: the share of wrong ones among the first k suspects. "
        "*AUC*: area under the ROC curve of all places, ordered by the probability of their label.",
    ]
    for source, words in (("gold", "Gold of an annotator that errs"), ("silver", "Silver")):
        parts += [f"## {words}", markdown(table(points, source))]
        parts += [
            "Ordered by the margin (the probability of the label minus that of the suggestion) "
            "instead of the probability of the label:",
            markdown(by_margin(points, source)),
        ]
    return document("How many suspected label errors are errors", *parts)


def table(points: Sequence[Figures], source: str) -> Table:
    headings = (
        "model",
        "seed set",
        "error rate",
        "seeds",
        "places",
        "suspects",
        "wrong",
        "first 25",
        "first 50",
        "first 100",
        "wrong ones in the first half of the list",
        "AUC",
    )
    rows = tuple(
        (
            *map(str, key),
            str(len(of)),
            f"{fmean(f['places'] for f in of):,.0f}",
            f"{fmean(f['suspects'] for f in of):,.0f}",
            spread([f["wrong"] for f in of]),
            *(spread([f["top"][k] for f in of]) for k in ("25", "50", "100")),
            spread([f["found_by_half"] for f in of]),
            spread([f["auc"] for f in of]),
        )
        for key, of in groups(points, source).items()
    )
    return Table(headings, rows, 3)


def by_margin(points: Sequence[Figures], source: str) -> Table:
    headings = ("model", "seed set", "error rate", "first 25", "first 50", "first 100", "AUC")
    rows = tuple(
        (
            *map(str, key),
            *(spread([f["top_by_margin"][k] for f in of]) for k in ("25", "50", "100")),
            spread([f["auc_by_margin"] for f in of]),
        )
        for key, of in groups(points, source).items()
    )
    return Table(headings, rows, 3)


def groups(points: Sequence[Figures], source: str) -> dict[tuple[object, ...], list[Figures]]:
    """The figures of one source, by model, seed set and error rate."""
    found: dict[tuple[object, ...], list[Figures]] = {}
    for point in points:
        if source in point:
            key = point["model"], point["seed_size"], point["rate"]
            found.setdefault(key, []).append(point[source])
    return dict(sorted(found.items(), key=str))


def spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.2f} [{min(values):.2f}, {max(values):.2f}]"
