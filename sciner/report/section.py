"""A section of the page, and how much it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from sciner.report.compared import ComparedRuns
from sciner.report.render import Table

MOST = 24  # panels in a figure
PAGE, CHARACTER = 12.3, 0.086  # width of the page, and of a character in its tables, in inches
LINES = 7  # in a panel, as many as there are colours
CURVES = 14  # in a panel of learning curves, which cross less
LAST = {"test/f1/micro": "{:.3f}", "test/gain/micro": "{:+.3f}"}
WITH_DROPPED = "test/with_dropped/f1"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page.

    Attributes:
        name: of its files, and its anchor.
        title: its heading.
        text: what a reader must know to read it.
        figure: None for a section with a table only.
        table: of the section, or of its figure.
        one_run: whether it shows only the run whose sentences are shown.
    """

    name: str
    title: str
    text: str
    figure: Figure | None = None
    table: Table | None = None
    one_run: bool = False

    @property
    def fits_beside(self) -> bool:
        """Whether there is room for the table beside the figure."""
        if not (self.figure and self.table):
            return False
        # headings wrap, and an interval goes below its mean
        headings = tuple(max(words.split(), key=len) for words in self.table.headings)
        rows = (headings, *self.table.rows)
        columns = (
            [len(line) for cell in c for line in cell.split(" [")] for c in zip(*rows, strict=True)
        )
        width = sum(max(column) + 2 for column in columns)
        return width * CHARACTER <= PAGE - self.figure.get_figwidth()


def seeds_note(compared: ComparedRuns, more: str = "") -> str:
    """Say that a figure shows means over seeds, unless there is only one seed.

    Args:
        compared: the runs.
        more: the rest of the sentence.
    """
    return f"Mean over seeds{more}." if compared.frame["seed"].nunique() > 1 else ""


def average_note(compared: ComparedRuns, gone: Sequence[str]) -> str:
    """Say what a figure averages over, and how to draw less.

    Args:
        compared: all runs.
        gone: the columns that the figure averages over.
    """
    if not gone:
        return ""
    count = len(compared.settings)
    axes = " and ".join(f"{name} ({compared.frame[name].nunique()} values)" for name in gone)
    lacking = f" Settings that lack a value of {compared.key} are left out." if compared.key else ""
    example = f"--where {gone[0]}={compared.frame[gone[0]].iloc[0]}"
    return (
        f" {count} settings are too many to draw, so the figure shows means over {axes}.{lacking} "
        f"To draw one of them, add {example}."
    )
