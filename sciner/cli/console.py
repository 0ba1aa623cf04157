"""What commands print: tables, lines, JSON; rich is imported only when something is printed."""

from __future__ import annotations

from typing import Any

import typer


def table_of(first: str, *others: str, figures: bool = False) -> Any:
    """An empty table.

    Args:
        first: heading of the first column.
        *others: headings of the others.
        figures: whether these contain numbers.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from sciner.printable import printable

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(first, overflow="fold")
    for column in others:
        table.add_column(
            Text(printable(column)), overflow="fold", justify="right" if figures else "left"
        )
    return table


def add_row(table: Any, *cells: str) -> None:
    """Add a row; brackets are not markup, and control characters are made visible."""
    from rich.text import Text

    from sciner.printable import printable

    table.add_row(*(Text(printable(cell)) for cell in cells))


def say(*things: Any) -> None:
    """Print text and tables."""
    from sciner.report.terminal import console

    for thing in things:
        console().print(thing, markup=False, soft_wrap=isinstance(thing, str))


def say_json(value: Any) -> None:
    """Print a value as JSON."""
    from json import dumps

    typer.echo(dumps(value, ensure_ascii=False, indent=2))


def shown_bytes(size: float) -> str:
    """A size such as 1.3 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
