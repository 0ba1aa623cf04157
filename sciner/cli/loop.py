"""`sciner loop`: runs whose batches people label (annotator=people)."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sciner.errors import InputError
from sciner.printable import printable

app = typer.Typer(
    no_args_is_help=True, help="Runs with annotator=people: continue with labels, show the status."
)
UNITS = ("sentences", "tokens", "entities", "minutes")
Run = Annotated[Path, typer.Argument(help="The folder of the run.")]


@app.command("continue", no_args_is_help=True)
def go_on(
    run: Run,
    more: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(help="Files, folders or globs that people have labelled.", metavar="FILE…"),
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--from", help="Their format; default: recognised.")
    ] = None,
) -> None:
    """Read what people have labelled, and continue the run.

    Example: [bold]sciner loop continue outputs/… --labels anna.json ben.json[/]. If a file has an
    error, nothing is kept. Sentences that are missing are requested again. Call it in the folder in
    which the run was started.
    """
    from sciner.launch.environment import settle
    from sciner.launch.main import go_on
    from sciner.results.folder import reserved
    from sciner.results.people import PeopleFolder, open_run, waiting
    from sciner.results.returned import take_in

    if more and not labels:
        raise InputError(f"{more[0]} is one folder too many", hint=f"give --labels {more[0]}")
    about, config = open_run(run)
    if about.get("status") == "FINISHED":
        raise InputError(
            "the run has ended",
            file=run,
            hint="for more rounds, type its command with a higher iteration.rounds and "
            "hydra.run.dir=DIR",
        )
    if labels:
        folder = PeopleFolder(run)
        with reserved(run):
            found, faults = take_in(
                folder,
                [*labels, *(more or ())],
                about["labels"],
                config["annotator"]["adjudicate"],
                origin,
            )
        for fault in faults:
            typer.echo(f"sciner: {printable(str(fault))}", err=True)
        if faults:
            typer.echo("sciner: no label was accepted", err=True)
            raise typer.Exit(2)
        typer.echo("; ".join(f"{count} {what}" for what, count in sorted(found.items())))
    elif (waits := waiting(run)) and waits.missing:  # the batch would be written again
        raise InputError(str(waits))
    settle()
    raise typer.Exit(go_on(run))


@app.command()
def status(run: Run) -> None:
    """Show what a run waits for, how many sentences came back, and the cost of the gold so far."""
    from sciner.cli.console import say
    from sciner.results.folder import RunFolder, in_use
    from sciner.results.people import open_run, waiting

    waits = waiting(run)
    if waits:
        each = "".join(f"; {who}: {count}" for who, count in waits.by.items())
        done = waits.asked - waits.missing
        say(str(waits), f"{done} of {waits.asked} sentences are labelled{each}")
    elif in_use(run):
        say("the run is active in another process")
    elif open_run(run)[0].get("status") == "FINISHED":
        say("the run has ended")
    else:
        say(f"the run was interrupted; to go on: sciner loop continue {shlex.quote(str(run))}")
    folder = RunFolder(run, run)
    if folder.rounds.exists() and (rounds := folder.read()):
        last = rounds[-1]
        spent = ", ".join(f"{last['scores'][f'budget/{unit}']:,.0f} {unit}" for unit in UNITS)
        say(f"budget after round {last['round']}: {spent}")
