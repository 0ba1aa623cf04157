"""A section of the page, and how much one shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from sciner.report.compared import ComparedRuns
from sciner.report.render import Table
from sciner.results.records import Record

MOST = 24  # panels; a figure of more is a wall
PAGE, CHARACTER = 12.3, 0.086  # inches: its width, a character of a table on it
LINES = 7  # in a panel, as many as there are colours
CURVES = 14  # the same where they cross less
LAST = {"test/f1/micro": "{:.3f}", "test/gain/micro": "{:+.3f}"}
WITH_DROPPED = "test/with_dropped/f1"


@dataclass(frozen=True, slots=True)
class Section:
    """name: of its files and its anchor. text: what a reader must know to read it. table: of the
    section, or of its figure. one_run: shows the run whose sentences are browsed, and no other."""

    name: str
    title: str
    text: str
    figure: Figure | None = None
    table: Table | None = None
    one_run: bool = False

    @property
    def fits_beside(self) -> bool:
        """Does the figure leave room for its table beside it?"""
        if not (self.figure and self.table):
            return False
        rows = (self.table.headings, *self.table.rows)
        # an interval goes below its mean
        columns = (
            [len(line) for cell in c for line in cell.split(" [")] for c in zip(*rows, strict=True)
        )
        width = sum(max(column) + 2 for column in columns)
        return width * CHARACTER <= PAGE - self.figure.get_figwidth()


def average_note(compared: ComparedRuns, gone: Sequence[str]) -> str:
    """What a figure does not tell apart, and how to see it."""
    if not gone:
        return ""
    count = len(compared.settings)
    axes = " and ".join(f"{name} ({compared.frame[name].nunique()} values)" for name in gone)
    lacking = f" Settings that lack a value of {compared.key} are left out." if compared.key else ""
    example = f"--where {gone[0]}={compared.frame[gone[0]].iloc[0]}"
    return (
        f" {count} settings are too many to draw: these are means over {axes} too.{lacking} "
        f"{example} draws one of them."
    )


def seed_of(run: Record) -> str:
    return str(run.about["params"]["seed"])
