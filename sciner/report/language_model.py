"""Sections on what a language model's labels are worth, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sciner.report.compared import ComparedRuns
from sciner.report.render import NONE, Table, cell_text
from sciner.report.section import Section
from sciner.report.tables import Cell, cells
from sciner.score.names import escaped

ROLES = {"annotator": "the sentences that it labelled as annotator", "teacher": "the pool"}
WORTH = {
    "sentences": "sentences",
    "F1": "f1/micro",
    "precision": "precision/micro",
    "recall": "recall/micro",
    "kappa": "kappa",
    "calibration error": "calibration/ece",
    "money": "money",
    "money per correct span": "money_per_correct_span",
}
ERRORS = {
    "missed": "errors/missed",
    "spurious": "errors/spurious",
    "wrong boundary": "errors/wrong_boundary",
    "wrong class": "errors/wrong_class",
}
FAULTS = {
    "text not in the sentence": "faults/unaligned",
    "unknown class": "faults/unknown_class",
    "place taken": "faults/overlapping",
    "malformed": "faults/malformed",
    "truncated": "faults/truncated",
    "refused": "faults/refused",
}
QUALITY = (
    "Its labels against the withheld gold. Kappa is over the tokens that one of the two marks; the "
    "calibration error is that of its vote shares. "
)
KINDS = (
    "Numbers of spans that are wrong, by kind; then of entities in its answers that could not be "
    "taken, and of answers of which nothing was. "
)


def language_model(compared: ComparedRuns) -> Iterator[Section]:
    """Three tables for each role that it has: quality and price, F1 by class, kinds of error."""
    labels = sorted({label for run in compared.runs for label in run.labels})
    by_class = {label: f"f1/{escaped(label)}" for label in labels}
    shown = (
        ("", "quality and price", QUALITY, WORTH),
        ("_classes", "F1 by class", "", by_class),
        ("_errors", "kinds of error", KINDS, ERRORS | FAULTS),
    )
    for role, where in ROLES.items():
        about = f"Of {where} by the last round. Mean over seeds."
        for suffix, what, text, columns in shown:
            if table := table_of_role(compared, role, columns):
                title = f"A language model as {role}: {what}"
                yield Section(f"llm_{role}{suffix}", title, text + about, table=table)


def table_of_role(compared: ComparedRuns, role: str, columns: Mapping[str, str]) -> Table | None:
    """Make a table with a row for each setting in which the language model has this role.

    Args:
        compared: the runs.
        role: annotator or teacher.
        columns: {heading: metric}.

    Returns:
        The table; None if no run has such a figure.
    """
    known = set(compared.frame["metric"])
    shown = {
        heading: name
        for heading, metric in columns.items()
        if (name := f"llm/{role}/{metric}") in known
    }
    if not shown:
        return None
    names = [*compared.others, *([compared.key] if compared.key else [])] or ["corpus"]
    grid = cells(compared.frame, names, [], list(shown.values()))
    found = {
        (row, name): cell
        for (row, column), cell in grid.cells.items()
        for name in (str(column[-1]) if column else next(iter(shown.values())),)
    }
    rows = tuple(
        (
            *map(str, row),
            *(figure(found.get((row, name)), name) for name in shown.values()),
        )
        for row in grid.row_keys
    )
    return Table((*names, *shown), rows, len(names))


def figure(cell: Cell | None, name: str) -> str:
    """Money has three digits, wherever they begin; counts have none behind the point."""
    if cell is None:
        return NONE
    kind = name.split("/")[2]
    if kind.startswith("money"):
        return f"{cell.mean:.3g}"
    return f"{cell.mean:,.0f}" if kind in ("sentences", "errors", "faults") else cell_text(cell)
