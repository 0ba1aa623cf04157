"""A table as text: Markdown, CSV, LaTeX. The same table gives the same bytes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

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
    SPECIAL | {"<": r"\textless{}", ">": r"\textgreater{}", NONE: "--", "`": r"\textasciigrave{}"}
)
MARKDOWN = str.maketrans({"|": r"\|", "<": "&lt;", "\n": " "})


@dataclass(frozen=True, slots=True)
class Table:
    """Text, cell by cell, as a reader sees it; columns may be added before it is rendered. words:
    the columns on the left that hold words and not figures. commands: (what is missing, what fills
    it)."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int
    notes: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()


def table_of(grid: Grid, digits: int = 3) -> Table:
    """Mean and interval a cell, a note for cells of one seed and for missing ones the command that
    fills them."""
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
        place = _words(tuple(f"{name}={value}" for name, value in lack.setting.items())) or "all"
        commands.append(
            (f"Missing: {place}, seed{'s' * (len(lack.seeds) > 1)} {seeds}", lack.command)
        )
    return Table(headings, rows, len(grid.rows), tuple(notes), tuple(commands))


def cell_text(cell: Cell | None, digits: int = 3) -> str:
    """0.523 [0.501, 0.545], 0.523* for one seed, – for none. Means from 10 on, which are counts,
    have a digit less behind the point for every digit more before it."""
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
    """+0.012 [-0.003, +0.027], or +0.012* where there is no interval."""
    point = f"{difference.point:+.{digits}f}"
    return (
        f"{point}*"
        if difference.low is None
        else f"{point} [{difference.low:+.{digits}f}, {difference.high:+.{digits}f}]"
    )


def p_text(p: float | None) -> str:
    """0.012, or <0.001."""
    if p is None:
        return NONE
    return f"{p:.3f}" if p >= 0.0005 else "<0.001"


def _words(key: Key) -> str:
    return ", ".join(map(str, key))


def markdown(table: Table) -> str:
    """A pipe table, the notes below it."""
    ruler = ["---"] * table.words + ["---:"] * (len(table.headings) - table.words)
    body = [[text.translate(MARKDOWN) for text in row] for row in (table.headings, *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (body[0], ruler, *body[1:])]
    notes = [note.translate(MARKDOWN).replace("*", r"\*") for note in table.notes]
    commands = [f"{what.translate(MARKDOWN)}: `{command}`" for what, command in table.commands]
    below = [
        *(["", " ".join(notes)] if notes else []),
        *(["", *(f"- {line}" for line in commands)] if commands else []),
    ]
    return "\n".join([*lines, *below]) + "\n"


def as_csv(table: Table) -> str:
    """Headings and rows as they read; without the notes."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows((table.headings, *table.rows))
    return stream.getvalue()


def latex(table: Table) -> str:
    """A ``tabular`` with the rules of booktabs, to stand in a ``table`` of the paper's own; the
    notes below it."""
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
