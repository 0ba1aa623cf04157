"""`sciner track`: the tracker as a view that can be made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sciner.errors import InputError
from sciner.store.layout import DEFAULT_FOLDER, RUNS

app = typer.Typer(no_args_is_help=True, help="The tracker: rebuild it from the store.")


@app.callback()
def root() -> None:
    """Keeps `replay` a command of its own while it is the only one."""


@app.command()
def replay(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Run or sweep folders; default: the store.")
    ] = None,
    sweep: Annotated[
        str | None, typer.Option(help="Only runs of this sweep (tag sciner.sweep).")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="The tracking server or database; default: mlflow.db in this folder."),
    ] = None,
    experiment: Annotated[str, typer.Option(help="The MLflow experiment.")] = "sciner",
    store: Annotated[Path, typer.Option(help="The store that recorded the runs.")] = DEFAULT_FOLDER,
) -> None:
    """Rebuild finished runs in a tracker from what they left on disk.

    A run that stands there unfinished is completed, one that is whole is left alone. A run that
    was killed, stands there as RUNNING and never ended becomes KILLED.
    """
    from collections import Counter

    from rich.progress import track

    from sciner.redact import redacted
    from sciner.results.records import records
    from sciner.tracking.address import check, place_of
    from sciner.tracking.replay import close_interrupted, replay

    place = place_of(uri, Path.cwd())
    check(place, experiment)
    whole = not (folders or sweep)
    try:
        found = records(folders or [store / RUNS], sweep, pruned=True)
    except InputError:
        if not (whole and (killed := close_interrupted(place, experiment))):
            raise
        return typer.echo(f"no run has ended; {killed} interrupted, now KILLED: {redacted(place)}")
    told = Counter(
        became
        for _, became in track(
            replay(found, place, experiment), "replay", len(found), transient=True
        )
    )
    killed = close_interrupted(place, experiment) if whole else 0
    counts = [
        f"{told['replayed']} runs replayed",
        f"{told['completed']} completed",
        f"{told['known']} stood there already",
    ]
    if killed:
        counts.append(f"{killed} interrupted, now KILLED")
    if told["failed"]:
        counts.append(f"{told['failed']} failed")
    typer.echo(f"{', '.join(counts)}: {redacted(place)}")
    if told["failed"]:
        raise typer.Exit(1)
