"""The commands: `sciner run`, `show`, `annotate`, `report` and others.

Heavy modules are imported only when a command needs them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

import sciner
from sciner.cli import (
    data as data_cli,
)
from sciner.cli import (
    export as export_cli,
)
from sciner.cli import (
    loop as loop_cli,
)
from sciner.cli import (
    report as report_cli,
)
from sciner.cli import (
    search as search_cli,
)
from sciner.cli import (
    serve as serve_cli,
)
from sciner.cli import (
    store as store_cli,
)
from sciner.cli import (
    sweep as sweep_cli,
)
from sciner.cli import (
    track as track_cli,
)
from sciner.cli.annotate import annotate
from sciner.cli.review import review
from sciner.errors import InputError
from sciner.store.layout import DEFAULT_FOLDER

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(data_cli.app, name="data")
app.add_typer(loop_cli.app, name="loop")
app.add_typer(report_cli.app, name="report")
app.add_typer(store_cli.app, name="store")
app.add_typer(search_cli.app, name="search")
app.add_typer(sweep_cli.app, name="sweep")
app.add_typer(track_cli.app, name="track")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Measure what a labelled sentence is worth: iterative auto-annotation for scientific NER."""
    if version:
        typer.echo(sciner.__version__)
        raise typer.Exit


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
    add_help_option=False,
)
def run(context: typer.Context) -> None:
    """Run one configuration, or sweep over several.

    Example: [bold]sciner run data.seed_size=10% threshold=fixed[/].

    Arguments are Hydra overrides: GROUP=CHOICE selects a file of conf/, GROUP.key=value changes a
    value, and a,b with -m sweeps over several values. --quiet prints only errors and the folder of
    the results. [bold]sciner run --help[/] lists groups and choices; [bold]sciner run --cfg job[/]
    shows the whole configuration.
    """
    from sciner.launch.main import main

    raise typer.Exit(main(context.args))


@app.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help="A run's folder, or the id of a run in the store.")],
    round: Annotated[int | None, typer.Option(min=0, help="Round; default: the last.")] = None,
    label: Annotated[
        str | None, typer.Option("--class", help="Only sentences with a span of this class.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only sentences with an error.")] = False,
    silver: Annotated[
        bool, typer.Option("--silver", help="Show the accepted silver instead of the test set.")
    ] = False,
    propagation: Annotated[
        bool,
        typer.Option("--propagation", help="Show what happens to errors in silver, as a table."),
    ] = False,
    suspects: Annotated[
        bool,
        typer.Option(
            "--suspects",
            help="Show labels that out-of-fold predictions contradict (suspects=true).",
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=0, help="How many sentences to print; 0 prints all.")
    ] = 20,
    store: Annotated[Path, typer.Option(help="The store that recorded the run.")] = DEFAULT_FOLDER,
) -> None:
    """Show sentences of a run with their gold and predicted spans.

    Example: [bold]sciner show outputs/… --class Task --errors[/].
    """
    from sciner.report.sentences import Part
    from sciner.report.side_by_side import print_sentences
    from sciner.report.terminal import console

    if propagation:
        from sciner.report.propagation import show_propagation

        return show_propagation(console(), run, store, round, label)
    if suspects:
        from sciner.report.suspects import print_suspects

        return print_suspects(console(), run, store, round, label, silver, limit)
    part: Part = "silver" if silver else "test"
    print_sentences(console(), run, store, round, part, label, errors, limit)


app.command()(review)
app.command()(annotate)
app.command()(export_cli.export)
app.command()(serve_cli.serve)


@app.command()
def ui(
    uri: Annotated[
        str | None, typer.Option(help="The database or server; default: mlflow.db in this folder.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on localhost.")] = 5000,
) -> None:
    """Open the MLflow UI for the runs of this folder, on localhost only."""
    from sciner.localhost import ADDRESS, check_free
    from sciner.tracking.address import place_of
    from sciner.tracking.database import file_of
    from sciner.tracking.mlflow import opened, runs_page

    place = place_of(uri, Path.cwd())
    if (file := file_of(place)) and not file.is_file():
        raise InputError(
            "there is no such database", file=file, hint="run `sciner run` first, or give --uri"
        )
    with opened(place, "give another --uri") as client:
        page = runs_page(client)
    # saves eleven processes and 20 s
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    check_free(port)
    # not as an argument, because all users of the machine could read it
    os.environ["MLFLOW_BACKEND_STORE_URI"] = place
    typer.echo(f"http://{ADDRESS}:{port}/{page} (Ctrl-C ends it)")
    words = ["server", "--host", ADDRESS, "--port", str(port), "--workers", "1"]
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *words])


def main() -> None:
    """Run the console script.

    An InputError, a wrong command line, or a file that cannot be read or written becomes one line
    on standard error and exit code 2.
    """
    from sciner.printable import printable
    from sciner.redact import redacted

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell: >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    try:
        raise SystemExit(app(prog_name="sciner", standalone_mode=False))
    except TyperException as error:
        problem = wrong_usage(error)
    except InputError as error:
        problem = str(error)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.errno is None:  # no message of the system
            raise
        place = " ".join(str(error.filename2 or error.filename or "").split())
        problem = f"{place}: {error.strerror}" if place else str(error.strerror)
    # the message may quote a corpus
    if problem:
        typer.echo(f"sciner: {printable(redacted(problem))}", err=True)
    raise SystemExit(2)


def wrong_usage(error: TyperException) -> str:
    """What is wrong with the command line; nothing if the help was printed instead."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)  # typer does not export the class that has it
    command = " ".join(context.command_path.split()) if context else "sciner"
    return message and f"{message[0].lower()}{message[1:]} (see {command} --help)"


if __name__ == "__main__":
    main()
