"""Tables in the terminal: a run with rounds across and figures down, and others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sciner.printable import printable
from sciner.progress import is_quiet
from sciner.score.names import escaped

if TYPE_CHECKING:
    from sciner.report.render import Table as Tabular

Scores = Mapping[str, float]
Format = Callable[[float], str]
FIRST, INTERVAL = 25, 15  # columns of the first column and of an interval, with their padding
BETWEEN = 2  # columns between two columns of a table


def share(value: float) -> str:
    """Format a score, such as ``0.523``."""
    return f"{value:.3f}"


def count(value: float) -> str:
    """Format a count, such as ``1,234``."""
    return f"{value:,.0f}"


def money(value: float) -> str:
    """Format an amount of money, with four digits."""
    return f"{value:.4g}"


def short(value: float, sign: str) -> str:
    """Format the end of an interval, such as ``.647`` or ``-.012``, in few characters.

    Args:
        value: to format.
        sign: of the format specification: "+" or "".
    """
    return f"{value:{sign}.3f}".replace("0.", ".", 1)


def rounds_table(
    rounds: Sequence[Scores], labels: Sequence[str], width: int = 100, first: int = 0
) -> Table:
    """Make the table of a run: F1 by class, token figures, silver quality and budget.

    Args:
        rounds: the scores of each round, a column each. Rows that no round has are left out.
        labels: the classes.
        width: of the terminal, in columns. Intervals are left out if there is no room.
        first: the number of the first round, which is 1 without a seed set.
    """
    table = Table(
        title="test F1 by round",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("round", no_wrap=True)
    for number in range(len(rounds)):
        table.add_column(str(first + number), justify="right", no_wrap=True)

    def row(words: str, name: str, form: Format = share) -> None:
        if any(name in scores for scores in rounds):
            table.add_row(words, *(form(s[name]) if name in s else "–" for s in rounds))

    def interval(words: str, name: str, sign: str) -> None:
        low, high = f"{name}_low", f"{name}_high"
        if any(low in scores for scores in rounds) and FIRST + len(rounds) * INTERVAL <= width:
            cells = (
                f"{short(s[low], sign)} … {short(s[high], sign)}" if low in s else ""
                for s in rounds
            )
            table.add_row(words, *cells, style="dim")

    row("[bold]entity F1, micro[/]", "test/f1/micro", lambda v: f"[bold]{v:.3f}[/]")
    interval("  95% interval", "test/f1/micro", "")
    row(f"  gain over round {first}", "test/gain/micro", lambda v: f"{v:+.3f}")
    interval("  95% interval", "test/gain/micro", "+")
    row("entity F1, macro", "test/f1/macro")
    for label in labels:
        row(escape(f"  {printable(label)}"), f"test/f1/{escaped(label)}")
    row("dev entity F1, micro", "dev/f1/micro")
    table.add_section()
    row("token accuracy", "test/accuracy/token")
    row("  of O everywhere", "test/all_o/accuracy/token")
    row("token F1, weighted", "test/f1/token_weighted")
    table.add_section()
    row("silver: sentences", "silver/accepted_sentences", count)
    row("  spans", "silver/accepted_spans", count)
    row("  precision", "silver/precision/micro")
    row("  recall of pool gold", "silver/recall/micro")
    table.add_section()
    row("gold: sentences", "budget/sentences", count)
    row("  tokens", "budget/tokens", count)
    row("  entities", "budget/entities", count)
    row("  minutes", "budget/minutes", count)
    row("  money", "budget/money", money)
    if any(scores.get("gold/f1", 1.0) < 1 for scores in rounds):  # the annotator makes errors
        row("  F1 of its labels", "gold/f1")
    row("  agreement F1", "gold/agreement_f1")
    row("  agreement kappa", "gold/agreement_kappa")
    for role in ("annotator", "teacher"):
        table.add_section()
        row(f"model as {role}: F1", f"llm/{role}/f1/micro")
        row("  kappa", f"llm/{role}/kappa")
        row("  calibration error", f"llm/{role}/calibration/ece")
        row("  money per correct span", f"llm/{role}/money_per_correct_span", money)
    return table


def rich_table(table: Tabular, width: int | None = None) -> Table:
    """Make a rich table from a table of text, with its notes below.

    Args:
        table: to convert.
        width: of the terminal, in columns. If the table would be wider, intervals go on lines of
            their own.
    """
    columns = zip(*(table.headings, *table.rows), strict=True)
    longest = [max(map(len, column)) + BETWEEN for column in columns]
    narrow = width is not None and sum(longest) > width
    shown = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        caption="\n".join(escape(note) for note in table.notes),
        caption_justify="left",
    )
    rows = [list(map(printable, row)) for row in table.rows]
    if narrow:
        for row in rows:
            row[table.words :] = [on_two_lines(cell) for cell in row[table.words :]]
    for number, heading in enumerate(table.headings):
        is_figure = number >= table.words
        shown.add_column(
            escape(printable(heading)),
            justify="right" if is_figure else "left",
            no_wrap=not narrow,
            overflow="fold" if narrow else "ellipsis",
            min_width=_narrow(table, number) if narrow and is_figure else None,
        )
    for row in rows:
        shown.add_row(*map(escape, row))
    return shown


def _narrow(table: Tabular, number: int) -> int:
    """The width of a column with intervals on lines of their own and a heading of several lines."""
    lines = [line for row in table.rows for line in on_two_lines(row[number]).split("\n")]
    return max(map(len, [*table.headings[number].split(), *lines]))


def parts_that_fit(table: Tabular, width: int) -> list[Tabular]:
    """Split a table that is too wide even with intervals on lines of their own.

    Args:
        table: to split.
        width: of the terminal, in columns.

    Returns:
        Tables below each other. Each has all columns of words and some of the figures; the last one
        has the notes.
    """
    words = list(range(table.words))
    room = width - sum(_narrow(table, number) + BETWEEN for number in words)
    parts, left = [list[int]()], room
    for number in range(table.words, len(table.headings)):
        needed = _narrow(table, number) + BETWEEN
        if parts[-1] and needed > left:
            parts.append([])
            left = room
        parts[-1].append(number)
        left -= needed
    return [
        replace(
            table,
            headings=tuple(table.headings[number] for number in (*words, *part)),
            rows=tuple(tuple(row[number] for number in (*words, *part)) for row in table.rows),
            notes=table.notes if part is parts[-1] else (),
        )
        for part in parts
    ]


def on_two_lines(cell: str) -> str:
    """Put the interval of a cell below its mean, so that no line break can cut it."""
    return cell.replace(" [", "\n[").replace(", ", "…")


def print_table(console: Console, table: Tabular) -> None:
    """Print a table in the width of the terminal; elsewhere in its own width, so nothing is cut."""
    if console.is_terminal:
        for part in parts_that_fit(table, console.width):
            console.print(rich_table(part, console.width))
    else:
        wide = rich_table(table)
        unbounded = console.options.update(max_width=10_000)
        width = max(console.width, console.measure(wide, options=unbounded).maximum)
        Console(file=console.file, width=width, highlight=False, quiet=console.quiet).print(wide)


def console() -> Console:
    """Make the console that tables are printed to.

    It has the width of the terminal, elsewhere 100 columns. With ``sciner run --quiet`` it prints
    nothing.
    """
    width = None if sys.stdout.isatty() else 100
    return Console(width=width, soft_wrap=False, highlight=False, quiet=is_quiet())


def print_run(console: Console, rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> None:
    """Print a run: its table, its warnings, and the answer in one sentence.

    Args:
        console: where it is printed.
        rows: the lines of ``rounds.jsonl``.
        labels: the classes of the run.
    """
    from sciner.report.gain import answer_of_run

    scores, first = [row["scores"] for row in rows], rows[0]["round"]
    console.print(rounds_table(scores, labels, console.width, first))
    for row in rows:
        for warning in row["warnings"]:
            console.print(
                Text(printable(f"! round {row['round']}: {warning}"), style="yellow"),
                soft_wrap=True,
            )
    if any("test/f1/micro_low" in row["scores"] for row in rows):
        console.print("[dim]Intervals: bootstrap over test documents.[/]")
    if answer := answer_of_run(rows):
        console.print(answer, style="bold", markup=False, soft_wrap=True)
