"""`sciner store`: what it holds, where a result comes from, why two runs differ, and what may
go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sciner.cli.console import add_row, say, say_json, table_of
from sciner.store.layout import DEFAULT_FOLDER, STEPS

if TYPE_CHECKING:
    from sciner.results.compare import Cause, Diff, Difference
    from sciner.store.lineage import Origin

app = typer.Typer(
    no_args_is_help=True, help="The store: count, look up, compare runs, prune, verify."
)
Dir = Annotated[Path, typer.Option("--dir", help="The store's folder.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
SHORT = 20  # characters of a digest that are shown where it is not the point


@app.command()
def stats(dir: Dir = DEFAULT_FOLDER, json: Json = False) -> None:
    """What is there, and what it cost: entries, bytes and computing time by step."""
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
        (found.aside, "set aside, being damaged"),
        (found.leftover, "half-written by dead processes"),
    ):
        if total.entries:
            say(f"{total.entries:,} {words}: {shown_bytes(total.bytes)}")


@app.command("show")
def show_entry(
    key: Annotated[str, typer.Argument(help="Or its beginning.")],
    dir: Dir = DEFAULT_FOLDER,
    json: Json = False,
) -> None:
    """One entry: what it was computed from, and what came out."""
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
    run_b: Annotated[Path, typer.Argument(help="Another's.")],
    dir: Annotated[
        Path | None, typer.Option("--dir", help=f"The store's folder; default: {DEFAULT_FOLDER}.")
    ] = None,
    json: Json = False,
) -> None:
    """Where two runs part, and in which inputs. A is the first run, B the second."""
    from sciner.results.compare import diff
    from sciner.store.maintenance import open_store

    store = open_store(dir or DEFAULT_FOLDER) if dir or (DEFAULT_FOLDER / STEPS).is_dir() else None
    found = diff(store, run_a, run_b)
    if json:
        return say_json(asdict(found))
    say(*partings(found, store is not None))
    if found.config is None:
        say("config.yaml: one of the folders has none that can be read")
    elif found.config:
        say(table_of_differences("config.yaml", found.config))
    else:
        say("config.yaml is the same")


@app.command()
def prune(
    max_size: Annotated[
        str, typer.Option(help="What may stay: 20GB, 500MB, 0.", show_default=False)
    ],
    dir: Dir = DEFAULT_FOLDER,
    aside: Annotated[
        bool, typer.Option("--aside", help="Also remove what was set aside, being damaged.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Remove the least recently used entries until the rest is small enough. What a living process
    uses stays."""
    from sciner.store.maintenance import bytes_of, open_store, prune
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
        "half-written": found.leftover,
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
        say(f"{found.busy} entries are older and stay: a living process uses them")


@app.command()
def verify(dir: Dir = DEFAULT_FOLDER, json: Json = False) -> None:
    """Read every file again; what has changed or makes no sense is set aside, and the exit code is
    then 1."""
    import logging

    from sciner.loop.steps.files import read_all
    from sciner.progress import bar
    from sciner.store.maintenance import open_store, verify
    from sciner.store.step import short_key

    store = open_store(dir)
    # its warnings are the table below
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
        newer = f", {found.newer:,} of a newer format not read" * bool(found.newer)
        say(f"{found.whole:,} entries whole, {len(found.damaged):,} damaged{newer}")
        if aside := len(found.damaged) - len(found.stay):
            say(f"{aside:,} set aside: runs compute them again")
        if found.stay:
            why = found.refused or "they may not be read"
            say(f"{len(found.stay):,} could not be set aside ({why})")
    raise typer.Exit(bool(found.damaged))


def partings(found: Diff, stored: bool) -> list[Any]:
    """What `sciner store diff` says of the steps."""
    from sciner.loop.steps.fit import Fit
    from sciner.store.step import step_of

    if not found.partings:
        return [f"the same computation: all {found.same} steps have the same keys"]
    said: list[Any] = []
    for n, parting in enumerate(found.partings):
        names = [step_of(key) for key in (parting.a, parting.b)]
        if n == 0:
            said.append(
                f"the first {found.same} steps are the same"
                if found.same
                else "not even the first step is the same"
            )
        where = f"round {parting.round}, {names[0] or names[1]}"
        if parting.cause is None:
            alone = "A" if parting.a else "B"
            over = parting.round >= min(found.rounds)
            said.append(f"{where}: only {alone} has this step{', the other run has ended' * over}")
            continue
        said += [
            f"{where}: {('they part here', 'still different', 'still different')[n]}",
            *explained(parting.cause, stored),
        ]
    if all(step_of(p.a or p.b) != Fit.NAME for p in found.partings):
        said.append(
            "the fits that both runs have are the same: what differs did not reach a training set"
        )
    return said


def explained(cause: Cause, stored: bool) -> list[Any]:
    """A cause, and those behind it."""
    from sciner.loop.steps import STEPS
    from sciner.store.step import short_key, step_of

    said: list[Any] = []
    if cause.inputs:
        step = STEPS.get(step_of(cause.a))
        said.append(table_of_differences("input", cause.inputs, step.INPUTS if step else {}))
    if not stored:
        said.append(f"  no store in {DEFAULT_FOLDER}: --dir tells in which inputs they differ")
    elif cause.missing:
        sides = " and ".join(("A's", "B's")[key == cause.b] for key in cause.missing)
        said.append(
            f"  the store has no entry of {sides} (pruned, or never kept): its inputs are not known"
        )
    for deeper in cause.because:
        said += [
            f"  because of {short_key(deeper.a)} and {short_key(deeper.b)}:",
            *explained(deeper, stored),
        ]
    return said


def table_of_differences(
    heading: str,
    found: tuple[Difference, ...],
    meanings: Mapping[str, str] | None = None,
) -> Any:
    """meanings: of names that do not explain themselves."""
    table = table_of(heading, "A", "B")
    for d in found:
        meaning = (meanings or {}).get(d.name)
        add_row(table, f"{d.name} ({meaning})" if meaning else d.name, short(d.a), short(d.b))
    return table


def chain(origins: tuple[Origin, ...], depth: int = 1) -> list[str]:
    """A line for each step, under the step that was computed from it."""
    from sciner.store.step import short_key

    said = []
    for origin in origins:
        cost = shown_seconds(origin.seconds) if origin.there else "no longer in the store"
        said += [
            f"{'  ' * depth}{origin.name}: {short_key(origin.key)} ({cost})",
            *chain(origin.origins, depth + 1),
        ]
    return said


def short(value: Any) -> str:
    """A value of a key.json; digests and keys by their beginning."""
    import re
    from json import dumps

    from sciner.store.step import KEY, short_key

    if not isinstance(value, str):
        return dumps(value, ensure_ascii=False)
    if KEY.fullmatch(value):
        return f"{short_key(value)}…"
    return f"{value[:SHORT]}…" if re.fullmatch("[0-9a-f]{64}", value) else value


def moment(seconds: float) -> str:
    """Local time, by the minute."""
    from datetime import datetime

    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def shown_bytes(size: float) -> str:
    """1.3 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def shown_seconds(seconds: float) -> str:
    """4 h 12 min, 3 min 5 s, 0.3 s."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
