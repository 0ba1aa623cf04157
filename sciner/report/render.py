"""Tables as text: Markdown, CSV and LaTeX. The same table always gives the same bytes."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sciner.printable import code_span, without_controls

if TYPE_CHECKING:
    from sciner.report.tables import Cell, Grid, Key
    from sciner.score.curves import Difference

NONE = "–"
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "&%$#_{}"},
}
LATEX = str.maketrans(
    SPECIAL
    | {"<": r"\textless{}", ">": r"\textgreater{}", NONE: "--", "`": r"\textasciigrave{}"}
    | {"†": r"\dag{}", "‡": r"\ddag{}"}
)
FORMULA = re.compile(r"^[=@\t\r]|^[+-](?![\d.])")  # a figure may begin with + or -
MARKDOWN = str.maketrans({"|": r"\|", "<": "&lt;", "\n": " "})


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text, cell by cell, as a reader sees it.

    Attributes:
        headings: [columns].
        rows: [rows][columns].
        words: how many of the first columns hold words; the others hold figures.
        notes: sentences below the table.
        commands: (what is missing, the command that computes it).
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int
    notes: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()


def table_of(grid: Grid, digits: int = 3) -> Table:
    """Format a grid: a mean with its interval in each cell.

    Notes explain the intervals and the cells with one seed. Each missing cell has the command that
    computes it.

    Args:
        grid: means by row and column.
        digits: after the decimal point; see ``cell_text``.
    """
    headings = (*grid.rows, *(_words(key) or "all" for key in grid.column_keys))
    shown = [
        [grid.cells.get((row, column)) for column in grid.column_keys] for row in grid.row_keys
    ]
    rows = tuple(
        (*map(str, row), *(cell_text(cell, digits) for cell in line))
        for row, line in zip(grid.row_keys, shown, strict=True)
    )
    present = [cell for line in shown for cell in line if cell]
    notes = (
        ["Mean over seeds [95% t interval, within the bounds of the score]."]
        if any(cell.low is not None for cell in present)
        else []
    )
    notes += ["* One seed: no interval."] if any(cell.low is None for cell in present) else []
    commands = []
    for lack in grid.missing:
        seeds = ", ".join(map(str, lack.seeds))
        named = (f"{name}={value}" for name, value in lack.setting.items() if value != "")
        place = _words(tuple(named)) or "all"
        commands.append(
            (f"Missing: {place}, seed{'s' * (len(lack.seeds) > 1)} {seeds}", lack.command)
        )
    return Table(headings, rows, len(grid.rows), tuple(notes), tuple(commands))


def cell_text(cell: Cell | None, digits: int = 3) -> str:
    """Format a mean: ``0.523 [0.501, 0.545]``, ``0.523*`` for one seed, a dash for none.

    Means of 10 or more are counts: they have one digit less after the decimal point for each
    further digit before it.

    >>> from sciner.report.tables import Cell
    >>> cell_text(Cell(0.5231, 0.5014, 0.5449, (0, 1, 2))), cell_text(Cell(412.5, None, None, (0,)))
    ('0.523 [0.501, 0.545]', '412.5*')
    """
    if cell is None:
        return NONE
    digits = max(0, digits - len(str(int(abs(cell.mean)))) + 1)
    mean = f"{cell.mean:.{digits}f}"
    return (
        f"{mean}*"
        if cell.low is None
        else f"{mean} [{cell.low:.{digits}f}, {cell.high:.{digits}f}]"
    )


def difference_text(difference: Difference, digits: int = 3) -> str:
    """Format a difference: ``+0.012 [-0.003, +0.027]``, or ``+0.012*`` without an interval."""
    point = f"{difference.point:+.{digits}f}"
    return (
        f"{point}*"
        if difference.low is None
        else f"{point} [{difference.low:+.{digits}f}, {difference.high:+.{digits}f}]"
    )


def p_text(p: float | None) -> str:
    """Format a p value.

    >>> p_text(0.0121), p_text(0.0002), p_text(None)
    ('0.012', '<0.001', '–')
    """
    if p is None:
        return NONE
    return f"{p:.3f}" if p >= 0.0005 else "<0.001"


def duration(seconds: float) -> str:
    """Format a duration in the unit that suits its size.

    >>> duration(0.423), duration(4.23), duration(42.3), duration(1500), duration(12600)
    ('0.42 s', '4.2 s', '42 s', '25 min', '3.5 h')
    """
    if seconds < 120:
        digits = 0 if seconds >= 10 else 1 if seconds >= 1 else 2
        return f"{seconds:.{digits}f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _words(key: Key) -> str:
    return ", ".join(map(str, key))


def markdown(table: Table) -> str:
    """Format a table as a pipe table, with its notes below."""
    ruler = ["---"] * table.words + ["---:"] * (len(table.headings) - table.words)
    body = [[as_markdown(text) for text in row] for row in (table.headings, *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (body[0], ruler, *body[1:])]
    notes = [as_markdown(note).replace("*", r"\*") for note in table.notes]
    commands = [f"{as_markdown(what)}: {code_span(command)}" for what, command in table.commands]
    below = [
        *(["", " ".join(notes)] if notes else []),
        *(["", *(f"- {line}" for line in commands)] if commands else []),
    ]
    return "\n".join([*lines, *below]) + "\n"


def as_markdown(text: str) -> str:
    """Escape what would be a link, a picture, HTML or another cell."""
    return without_controls(text.translate(MARKDOWN)).replace("](", r"]\(")


def as_csv(table: Table) -> str:
    """Format headings and rows as CSV, without the notes.

    A class that a spreadsheet would compute as a formula gets a quote before it (OWASP, CSV
    injection).
    """
    stream = io.StringIO()
    rows = ([FORMULA.sub(r"'\g<0>", text) for text in row] for row in (table.headings, *table.rows))
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def latex(table: Table) -> str:
    """Format a table as a ``tabular`` with the rules of booktabs, with its notes below.

    Put it into a ``table`` of your paper.
    """
    columns = "l" * table.words + "r" * (len(table.headings) - table.words)
    body = [
        " & ".join(text.translate(LATEX) for text in row) + r" \\"
        for row in (table.headings, *table.rows)
    ]
    notes = [note.translate(LATEX) for note in table.notes]
    commands = [
        rf"{what.translate(LATEX)}: \texttt{{{command.translate(LATEX)}}}."
        for what, command in table.commands
    ]
    below = [r"\par\footnotesize " + " ".join([*notes, *commands])] if notes or commands else []
    rules = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        body[0],
        r"\midrule",
        *body[1:],
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join([*rules, *below]) + "\n"
