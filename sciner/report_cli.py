"""`sciner report`: the figures of runs, to look at elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sciner.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Reports: the figures of runs as files.")


@app.callback()
def root() -> None:
    """Keeps `export` a command of its own while it is the only one."""


@app.command()
def export(
    roots: Annotated[
        list[Path] | None, typer.Argument(help="Run or sweep folders; default: the store.", metavar="ROOT…")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The CSV file: a line a run and round.")] = Path("runs.csv"),
    counts: Annotated[Path | None, typer.Option(help="A second one: spans by test document, for paired intervals.")] = None,
    experiment: Annotated[str | None, typer.Option(help="The runs of this MLflow experiment instead of folders.")] = None,
    uri: Annotated[str | None, typer.Option(help="The tracking server or database; default: mlflow.db in this folder.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Only runs of this sweep (tag sciner.sweep).")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only these metrics: test/f1/*. May be given again.")] = None,
    store: Annotated[Path, typer.Option(help="The store that recorded the runs.")] = Path(".sciner/store"),
) -> None:
    """Write the figures of finished runs as CSV, for tables: [bold]sciner report export multirun -o runs.csv[/]."""
    if experiment is not None and (roots or sweep):
        raise InputError("--experiment reads a tracker, ROOT and --sweep read folders", mend="give one of the two")
    if uri is not None and experiment is None:
        raise InputError("--uri names a tracker but no experiment", mend="add --experiment NAME")
    from sciner.report import frames
    from sciner.track import place_of

    if experiment is not None:
        frame, found = frames.read_experiment(place_of(uri, Path.cwd()), experiment)
    else:
        from sciner.records import records

        runs = records(roots or [store / "runs"], sweep)
        frame, found = frames.tidy(runs), frames.counts_of(runs)
    if metric:
        frame = frames.only(frame, metric)
    if counts is not None and not found:
        raise InputError("these runs kept no counts by document", mend="leave --counts out, or run them again")
    frames.write_csv(frame, out)
    typer.echo(f"{frame['run'].nunique()} runs, {frame['metric'].nunique()} metrics: {out}")
    if counts is not None:
        frames.write_counts(found, counts)
        typer.echo(f"{len(found)} rounds by document: {counts}")
