"""`sciner track`: the tracker as a view that can be made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sciner.store.layout import DEFAULT_FOLDER, RUNS

app = typer.Typer(no_args_is_help=True, help="The tracker: rebuild it from the store.")


@app.callback()
def root() -> None:
    """Keeps `replay` a command of its own while it is the only one."""


@app.command()
def replay(
    folders: Annotated[list[Path] | None, typer.Argument(help="Run or sweep folders; default: the store.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Only runs of this sweep (tag sciner.sweep).")] = None,
    uri: Annotated[str | None, typer.Option(help="The tracking server or database; default: mlflow.db in this folder.")] = None,
    experiment: Annotated[str, typer.Option(help="The MLflow experiment.")] = "sciner",
    store: Annotated[Path, typer.Option(help="The store that recorded the runs.")] = DEFAULT_FOLDER,
) -> None:
    """Rebuild finished runs in a tracker from what they left on disk; runs that stand there already are left alone."""
    from rich.progress import track

    from sciner.redact import redacted
    from sciner.results.records import records
    from sciner.tracking.mlflow import place_of
    from sciner.tracking.replay import replay

    found = records(folders or [store / RUNS], sweep, pruned=True)
    place = place_of(uri, Path.cwd())
    told = [fresh for _, fresh in track(replay(found, place, experiment), "replay", len(found), transient=True)]
    typer.echo(f"{sum(told)} runs replayed, {len(told) - sum(told)} stood there already: {redacted(place)}")
