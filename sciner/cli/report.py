"""`sciner report` writes runs as an HTML page, `sciner report export` their figures as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sciner.errors import InputError
from sciner.store.layout import DEFAULT_FOLDER, RUNS

if TYPE_CHECKING:
    from sciner.results.records import Record


class PageOrExport(TyperGroup):
    """Makes `sciner report …` write the page, unless the next word is another command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(
            ctx, args if args and args[0] in self.commands else ["page", *args]
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        # None, so that the usage reads `sciner report [OPTIONS]`
        return (None if name == "page" else name), command, rest


app = typer.Typer(
    cls=PageOrExport,
    help="Write runs as an HTML page, or their figures as CSV: [bold]sciner report export[/].",
)
Roots = Annotated[
    list[str] | None,
    typer.Argument(help="Folders of runs or sweeps; default: the store.", metavar="ROOT"),
]
Experiment = Annotated[
    str | None, typer.Option(help="Read the runs of this MLflow experiment instead of folders.")
]
Uri = Annotated[
    str | None,
    typer.Option(help="The tracking server or database; default: mlflow.db in this folder."),
]
Run = Annotated[
    list[str] | None,
    typer.Option(help="Only these runs, by sciner's or MLflow's id: --run ID ID …", metavar="ID"),
]
Sweep = Annotated[
    str | None, typer.Option(help="Only the runs of this sweep, by its id (tag sciner.sweep).")
]
Store = Annotated[Path, typer.Option(help="The store that recorded the runs.")]


@app.command()
def export(
    roots: Roots = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The CSV file, with a line for each run and round.")
    ] = Path("runs.csv"),
    counts: Annotated[
        Path | None,
        typer.Option(help="Also write spans by test document to this file, for intervals."),
    ] = None,
    trackio: Annotated[
        Path | None,
        typer.Option(help="Also write a CSV file for each run here, for trackio.import_csv."),
    ] = None,
    experiment: Experiment = None,
    uri: Uri = None,
    run: Run = None,
    sweep: Sweep = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Only these metrics: test/f1/*. Can be repeated.")
    ] = None,
    store: Store = DEFAULT_FOLDER,
) -> None:
    """Write the figures of finished runs as CSV, for your own tables.

    Example: [bold]sciner report export multirun -o runs.csv[/].
    """
    with records_of(roots or [], experiment, uri, run or [], sweep, store) as runs:
        from sciner.report import frames

        frame, found = frames.tidy(runs), frames.counts_of(runs)
        for file in (out, *([counts] if counts else [])):
            if file.resolve().parent in {run.folder.resolve() for run in runs}:
                raise InputError("it lies in the folder of a run", file=file, hint="name another")
    if counts is not None and counts.resolve() == out.resolve():
        raise InputError("--out and --counts are the same file", file=out, hint="name two files")
    if metric:
        frame = frames.only(frame, metric)
    if counts is not None and not found:
        raise InputError(
            "these runs have no counts by document", hint="leave --counts out, or run them again"
        )
    frames.write_csv(frame, out)
    typer.echo(f"{frame['run'].nunique()} runs, {frame['metric'].nunique()} metrics: {out}")
    if counts is not None:
        frames.write_counts(found, counts)
        typer.echo(f"{len(found)} rounds by document: {counts}")
    if trackio is not None:
        typer.echo(f"{len(frames.write_steps(frame, trackio))} runs for Trackio: {trackio}")


@app.command(hidden=True)
def page(
    roots: Roots = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The folder for the page, figures and tables.")
    ] = Path("report"),
    compare: Annotated[
        str | None,
        typer.Option(help="The setting to compare; default: the first one that differs."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The value to compare with; default: that of the oldest run.")
    ] = None,
    browse: Annotated[
        str | None,
        typer.Option(help="The run whose sentences are shown; default: the newest with silver."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only runs with this setting: KEY=VALUE. Can be repeated."),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            help="Unit of the budget curves: sentences (default), tokens, entities, minutes or "
            "another unit of the runs' budget. Can be repeated."
        ),
    ] = None,
    paper: Annotated[
        str | None,
        typer.Option(
            help="Show the published figures of this paper beside the runs: 2502.16312.",
            metavar="ARXIV_ID",
        ),
    ] = None,
    experiment: Experiment = None,
    uri: Uri = None,
    run: Run = None,
    sweep: Sweep = None,
    store: Store = DEFAULT_FOLDER,
) -> None:
    """Compare finished runs on an HTML page, with its figures and tables as files.

    Example: [bold]sciner report multirun -o report[/]. [bold]sciner report export[/] writes
    the figures as CSV instead.
    """
    with records_of(roots or [], experiment, uri, run or [], sweep, store) as runs:
        from sciner.report.answer import results
        from sciner.report.answer_sentences import answers
        from sciner.report.compared import compare_runs, with_settings
        from sciner.report.page import write_page

        asked = with_settings(runs, where or [])
        compared = compare_runs(asked, compare, baseline, unit or [], paper)
        found = results(compared)
        pages = write_page(compared, out, browse, store, found)
        for line in (*answers(compared, found), *map(str, pages)):
            typer.echo(line)


@contextmanager
def records_of(
    roots: Sequence[str],
    experiment: str | None,
    uri: str | None,
    run: Sequence[str],
    sweep: str | None,
    store: Path,
) -> Iterator[list[Record]]:
    """Yield the runs that a command was given, of folders or of a tracker.

    Runs and sweeps that are named by id are looked for in the store, then in the tracker. Runs of a
    tracker are in a temporary folder, which is deleted at the end of the context.

    Args:
        roots: folders; the ids after the first ``--run`` are among them.
        experiment: of MLflow, to be read instead of folders.
        uri: of the tracker; None is the local database.
        run: ids of runs, sciner's or MLflow's; empty is any.
        sweep: the id of a sweep; None is any.
        store: the folder of the store.

    Raises:
        InputError: both folders and a tracker are named, or there is no such run.
    """
    # of --run ID ID, the second id is no value of the option
    ids = [*run, *(root for root in roots if run and not Path(root).is_dir())]
    places = [Path(root) for root in roots if root not in ids]
    if places and (experiment is not None or uri is not None):
        raise InputError(
            "--experiment and --uri read a tracker, ROOT reads folders", hint="give one of the two"
        )
    from tempfile import TemporaryDirectory

    from sciner.results.records import records
    from sciner.tracking.address import place_of
    from sciner.tracking.database import local_uri
    from sciner.tracking.download import download

    place, missing = place_of(uri, Path.cwd()), None
    if experiment is None and uri is None:
        try:
            found = records(places or [store / RUNS], sweep, ids)
        except InputError as error:
            if (
                places
                or not (ids or sweep)
                or (place == local_uri(Path.cwd()) and not Path("mlflow.db").exists())
            ):
                raise
            missing = error
        else:
            yield found
            return
    with TemporaryDirectory() as scratch:
        download(place, experiment, Path(scratch), sweep, ids)
        try:
            found = records([Path(scratch)], sweep, ids)
        except InputError as error:
            raise missing or error from None
        yield found
