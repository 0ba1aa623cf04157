"""`sciner search`: the results of a search."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sciner.cli.console import say, say_json

app = typer.Typer(no_args_is_help=True, help="Searches: the best trial, and how to run it again.")


@app.callback()
def root() -> None:
    """Keep `show` a subcommand although it is the only one."""


@app.command("show")
def show_study(
    study: Annotated[
        str, typer.Argument(help="The study's name (hydra.sweeper.study; by default: search).")
    ],
    storage: Annotated[
        str | None, typer.Option(help="A URL or a journal file; default: .sciner/optuna.journal.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A folder for Optuna's figures.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Show the best trial, or the Pareto front, and the command that runs it again.

    Also shows how much work pruning and the store have saved.
    """
    from dataclasses import asdict

    from sciner.search.summary import budget_unit, draw, open_study, summarise

    opened = open_study(study, storage, Path.cwd())
    found, unit = summarise(opened), budget_unit(opened)
    if json:
        say_json(asdict(found))
    else:
        say(
            f"study {found.study}: "
            + ", ".join(f"{n} {state}" for state, n in found.trials.items())
        )
        say(
            f"pruning: {found.rounds_planned - found.rounds} of {found.rounds_planned} rounds not "
            "run"
        )
        say(
            f"store: had {found.fits_known} of {found.fits} fits and {found.steps_known} of "
            f"{found.steps} steps"
        )
        if not found.best:
            say("no trial is complete and within its budget")
        for best in found.best:
            spent = f", {best.values[1]:,.0f} {unit}" if len(best.values) > 1 else ""
            say(
                f"trial {best.trial}: F1 {best.values[0]:.3f}{spent}: {best.directory}",
                f"  {best.command}",
            )
    for name, problem in draw(opened, out) if out else ():
        typer.echo(
            f"not drawn: {name} ({problem})" if problem else str((out or Path()) / name), err=json
        )
