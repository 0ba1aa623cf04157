"""`sciner track`: rebuild the tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sciner.errors import InputError
from sciner.store.layout import DEFAULT_FOLDER, RUNS

app = typer.Typer(no_args_is_help=True, help="The tracker: rebuild it from the store.")


@app.callback()
def root() -> None:
    """Keep `replay` a subcommand although it is the only one."""


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
    """Log finished runs again to a tracker, from their records on disk.

    An unfinished run in the tracker is completed; a complete one is left as it is. A run that was
    killed and is still listed as RUNNING becomes KILLED.
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
        return typer.echo(f"no finished run; {killed} interrupted, now KILLED: {redacted(place)}")
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
        f"{told['known']} already there",
    ]
    if killed:
        counts.append(f"{killed} interrupted, now KILLED")
    if told["failed"]:
        counts.append(f"{told['failed']} failed")
    typer.echo(f"{', '.join(counts)}: {redacted(place)}")
    if told["failed"]:
        raise typer.Exit(1)
