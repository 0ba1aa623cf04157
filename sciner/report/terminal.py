"""A run at a glance: rounds across, figures down."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sciner.progress import is_quiet
from sciner.score.names import escaped

if TYPE_CHECKING:
    from sciner.report.render import Table as Tabular

Scores = Mapping[str, float]
Format = Callable[[float], str]
FIRST, INTERVAL = 25, 15  # columns of the first column and of an interval, with their padding


def share(value: float) -> str:
    return f"{value:.3f}"


def count(value: float) -> str:
    return f"{value:,.0f}"


def money(value: float) -> str:
    return f"{value:.4g}"


def short(value: float, sign: str) -> str:
    """.647, or -.012: an interval's end, short enough for a column of it."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1)


def rounds_table(
    rounds: Sequence[Scores], labels: Sequence[str], width: int = 100, first: int = 0
) -> Table:
    """Entity F1 by class, token figures, silver quality and budget, a column a round. Figures no
    round has are left out, and intervals where ``width`` has no room for them. first: the number
    of the first round, which is 1 without a seed set."""
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
    row(f"  gain on round {first}", "test/gain/micro", lambda v: f"{v:+.3f}")
    interval("  95% interval", "test/gain/micro", "+")
    row("entity F1, macro", "test/f1/macro")
    for label in labels:
        row(escape(f"  {printable(label)}"), f"test/f1/{escaped(label)}")
    row("dev entity F1, micro", "dev/f1/micro")
    table.add_section()
    row("token accuracy", "test/accuracy/token")
    row("  of all-O answers", "test/all_o/accuracy/token")
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
    if any(scores.get("gold/f1", 1.0) < 1 for scores in rounds):  # the annotator errs
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
    """A table of text with its notes below. width: columns that there are; intervals go on a line
    of their own where the table would be wider."""
    longest = [
        max(map(len, column)) + 1 for column in zip(*(table.headings, *table.rows), strict=True)
    ]
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
        lines = [line for row in rows for line in row[number].split("\n")]
        is_figure = number >= table.words
        shown.add_column(
            escape(printable(heading)),
            justify="right" if is_figure else "left",
            no_wrap=not narrow,
            overflow="fold" if narrow else "ellipsis",
            min_width=max(map(len, lines), default=1) if narrow and is_figure else None,
        )
    for row in rows:
        shown.add_row(*map(escape, row))
    return shown


def on_two_lines(cell: str) -> str:
    """0.523 above its interval, which no line may break."""
    return cell.replace(" [", "\n[").replace(", ", "…")


def print_table(console: Console, table: Tabular) -> None:
    """The table in the width of a terminal; elsewhere as wide as it is, so that nothing is cut."""
    if console.is_terminal:
        console.print(rich_table(table, console.width))
    else:
        wide = rich_table(table)
        unbounded = console.options.update(max_width=10_000)
        width = max(console.width, console.measure(wide, options=unbounded).maximum)
        Console(file=console.file, width=width, highlight=False, quiet=console.quiet).print(wide)


def printable(text: str) -> str:
    """Without the control characters that a corpus could steer a terminal with."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def console() -> Console:
    """Where tables go: as wide as the terminal, 100 columns elsewhere; nowhere after
    ``sciner run --quiet``."""
    width = None if sys.stdout.isatty() else 100
    return Console(width=width, soft_wrap=False, highlight=False, quiet=is_quiet())


def print_run(console: Console, rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> None:
    """The table and its warnings; ``rows`` as ``rounds.jsonl`` holds them."""
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
