"""`sciner store`: what is in it, where a result comes from, why two runs differ, what to delete."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciner.cli import mirror
from sciner.cli.console import add_row, say, say_json, shown_bytes, table_of
from sciner.cli.differences import partings, short, table_of_differences
from sciner.store.layout import DEFAULT_FOLDER, STEPS

if TYPE_CHECKING:
    from sciner.store.lineage import Origin

app = typer.Typer(
    no_args_is_help=True, help="The store: count, look up, compare runs, prune, verify, mirror."
)
Dir = Annotated[Path, typer.Option("--dir", help="The store's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@app.command()
def stats(dir: Dir = DEFAULT_FOLDER, json: Json = False) -> None:
    """Show entries, bytes and computing time for each step."""
    from sciner.loop.steps import versions
    from sciner.store.maintenance import open_store, stats

    found = stats(open_store(dir), versions())
    if json:
        return say_json(asdict(found))
    table = table_of("step", "entries", "bytes", "computed in", figures=True)
    rows = {**found.steps, **found.others, "all": found.total}
    for name, total in rows.items():
        add_row(
            table,
            name,
            f"{total.entries:,}",
            shown_bytes(total.bytes),
            shown_seconds(total.seconds),
        )
    say(table)
    for total, words in (
        (found.aside, "damaged and set aside"),
        (found.leftover, "left incomplete by dead processes"),
    ):
        if total.entries:
            say(f"{total.entries:,} {words}: {shown_bytes(total.bytes)}")


@app.command("show")
def show_entry(
    key: Annotated[str, typer.Argument(help="The entry's key, or its beginning.")],
    dir: Dir = DEFAULT_FOLDER,
    json: Json = False,
) -> None:
    """Show one entry: its inputs and its results."""
    from sciner.loop.steps import STEPS
    from sciner.store.lineage import describe, leaves
    from sciner.store.maintenance import open_store

    found = describe(open_store(dir), key, STEPS)
    if json:
        return say_json(asdict(found))
    say(
        found.key,
        f"computed {moment(found.created)} in {shown_seconds(found.seconds)}, last used "
        f"{moment(found.used)}",
    )
    files = table_of("file", "bytes", figures=True)
    for name, size in found.files.items():
        add_row(files, name, f"{size:,}")
    inputs = table_of("input", "")
    for name, value in leaves(found.inputs):
        add_row(inputs, name, short(value))
    say(files, inputs)
    if found.origins:
        say("computed from", *chain(found.origins))
    if found.results:
        figures = table_of("result", "", figures=True)
        for name, figure in found.results.items():
            add_row(figures, name, f"{figure:,.4g}" if isinstance(figure, float) else f"{figure:,}")
        say(figures)


@app.command()
def diff(
    run_a: Annotated[Path, typer.Argument(help="A run's folder.")],
    run_b: Annotated[Path, typer.Argument(help="Another run's folder.")],
    dir: Annotated[
        Path | None, typer.Option("--dir", help=f"The store's folder; default: {DEFAULT_FOLDER}.")
    ] = None,
    json: Json = False,
) -> None:
    """Show where two runs begin to differ, and in which inputs.

    A is the first run, B the second.
    """
    from sciner.results.compare import diff
    from sciner.store.maintenance import open_store

    store = open_store(dir or DEFAULT_FOLDER) if dir or (DEFAULT_FOLDER / STEPS).is_dir() else None
    found = diff(store, run_a, run_b)
    if json:
        return say_json(asdict(found))
    say(*partings(found, store is not None))
    if found.config is None:
        say("config.yaml: missing or unreadable in one of the folders")
    elif found.config:
        say(table_of_differences("config.yaml", found.config))
    else:
        say("config.yaml is the same")


@app.command()
def prune(
    max_size: Annotated[
        str, typer.Option(help="The size to keep: 20GB, 500MB, 0.", show_default=False)
    ],
    dir: Dir = DEFAULT_FOLDER,
    aside: Annotated[
        bool, typer.Option("--aside", help="Also delete damaged entries that were set aside.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Delete the least recently used entries until the rest is small enough.

    Entries that a running process uses are kept.
    """
    from sciner.store.maintenance import open_store
    from sciner.store.prune import bytes_of, prune
    from sciner.store.step import short_key

    found = prune(open_store(dir), bytes_of(max_size), aside=aside, dry_run=dry_run)
    if json:
        rows = [{"key": e.key, "bytes": e.bytes, "used": e.used} for e in found.removed]
        counts = ("freed", "left", "busy", "aside", "leftover", "leases", "locks")
        return say_json(
            {"removed": rows, **{name: getattr(found, name) for name in counts}, "dry_run": dry_run}
        )
    if found.removed:
        table = table_of("removed", "bytes", "last used")
        for entry in found.removed:
            add_row(table, short_key(entry.key), shown_bytes(entry.bytes), moment(entry.used))
        say(table)
    more = {
        "set aside": found.aside,
        "incomplete": found.leftover,
        "dead leases": found.leases,
        "lock files": found.locks,
    }
    also = ", ".join(f"{count} {words}" for words, count in more.items() if count)
    done = "would be removed" if dry_run else "removed"
    say(
        f"{len(found.removed)} entries{f'; {also}' * bool(also)} {done}: "
        f"{shown_bytes(found.freed)} freed, "
        f"{shown_bytes(found.left)} left in entries"
    )
    if found.busy:
        say(f"{found.busy} older entries are kept: a running process uses them")


@app.command()
def verify(dir: Dir = DEFAULT_FOLDER, json: Json = False) -> None:
    """Read every file again and set damaged entries aside.

    The exit code is 1 if there are any.
    """
    import logging

    from sciner.loop.steps.files import read_all
    from sciner.progress import bar
    from sciner.store.maintenance import open_store, verify
    from sciner.store.step import short_key

    store = open_store(dir)
    # the table below shows its warnings
    logging.getLogger("sciner.store.disk").addHandler(logging.NullHandler())
    with bar("verify", len(store.listed())) as advance:
        found = verify(store, advance, read_all)
    if json:
        say_json(asdict(found))
    else:
        if found.damaged:
            table = table_of("damaged", "")
            for key, why in found.damaged.items():
                add_row(table, short_key(key), why)
            say(table)
        newer = f", {found.newer:,} in a newer format (not read)" * bool(found.newer)
        say(f"{found.whole:,} entries complete, {len(found.damaged):,} damaged{newer}")
        if aside := len(found.damaged) - len(found.stay):
            say(f"{aside:,} set aside: runs compute them again")
        if found.stay:
            why = found.refused or "they may not be read"
            say(f"{len(found.stay):,} could not be set aside ({why})")
    raise typer.Exit(bool(found.damaged))


app.command()(mirror.push)
app.command()(mirror.pull)


def chain(origins: tuple[Origin, ...], depth: int = 1) -> list[str]:
    """One line for each step, indented below the step that was computed from it."""
    from sciner.store.step import short_key

    said = []
    for origin in origins:
        cost = shown_seconds(origin.seconds) if origin.there else "no longer in the store"
        said += [
            f"{'  ' * depth}{origin.name}: {short_key(origin.key)} ({cost})",
            *chain(origin.origins, depth + 1),
        ]
    return said


def moment(seconds: float) -> str:
    """Local time, to the minute."""
    from datetime import datetime

    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def shown_seconds(seconds: float) -> str:
    """A duration such as 4 h 12 min, 3 min 5 s or 0.3 s."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
