"""`sciner report`: the figures of runs, to look at elsewhere or as a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciner.errors import InputError

if TYPE_CHECKING:
    from sciner.records import Record

app = typer.Typer(no_args_is_help=True, help="Reports: the figures of runs as files, or as a page to look at.")
Roots = Annotated[list[Path] | None, typer.Argument(help="Run or sweep folders; default: the store.", metavar="ROOT…")]
Experiment = Annotated[str | None, typer.Option(help="The runs of this MLflow experiment instead of folders.")]
Uri = Annotated[str | None, typer.Option(help="The tracking server or database; default: mlflow.db in this folder.")]
Sweep = Annotated[str | None, typer.Option(help="Only runs of this sweep (tag sciner.sweep).")]
Store = Annotated[Path, typer.Option(help="The store that recorded the runs.")]
HERE = Path(".sciner/store")


@app.command()
def export(
    roots: Roots = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The CSV file: a line a run and round.")] = Path("runs.csv"),
    counts: Annotated[Path | None, typer.Option(help="A second one: spans by test document, for paired intervals.")] = None,
    experiment: Experiment = None,
    uri: Uri = None,
    sweep: Sweep = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only these metrics: test/f1/*. May be given again.")] = None,
    store: Store = HERE,
) -> None:
    """Write the figures of finished runs as CSV, for tables: [bold]sciner report export multirun -o runs.csv[/]."""
    with records_of(roots, experiment, uri, sweep, store) as runs:
        from sciner.report import frames

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


@app.command()
def page(
    roots: Roots = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of the page, its figures and tables.")] = Path("report"),
    compare: Annotated[str | None, typer.Option(help="The setting that is compared; default: the first that differs.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Its value to compare with; default: the oldest run's.")] = None,
    browse: Annotated[str | None, typer.Option(help="The run whose sentences are shown; default: the newest.")] = None,
    experiment: Experiment = None,
    uri: Uri = None,
    sweep: Sweep = None,
    store: Store = HERE,
) -> None:
    """Write one page of finished runs, its figures and its tables: [bold]sciner report page multirun -o report[/]."""
    with records_of(roots, experiment, uri, sweep, store) as runs:
        from sciner.report.page import write_page
        from sciner.report.study import study

        for written in write_page(study(runs, compare, baseline), out, browse, store):
            typer.echo(str(written))


@contextmanager
def records_of(
    roots: list[Path] | None, experiment: str | None, uri: str | None, sweep: str | None, store: Path
) -> Iterator[list[Record]]:
    """The runs that a command was given; those of an experiment lie in a folder that goes with the context."""
    if experiment is not None and (roots or sweep):
        raise InputError("--experiment reads a tracker, ROOT and --sweep read folders", mend="give one of the two")
    if uri is not None and experiment is None:
        raise InputError("--uri names a tracker but no experiment", mend="add --experiment NAME")
    from sciner.records import records

    if experiment is None:
        yield records(roots or [store / "runs"], sweep)
        return
    from tempfile import TemporaryDirectory

    from sciner.track import download, place_of

    with TemporaryDirectory() as scratch:
        download(place_of(uri, Path.cwd()), experiment, Path(scratch))
        yield records([Path(scratch)])
