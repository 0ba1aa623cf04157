"""`sciner sweep`: estimates of a sweep before it runs."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Sweeps: what one will cost.")


@app.callback()
def root() -> None:
    """Keep `plan` a subcommand although it is the only one."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def plan(context: typer.Context) -> None:
    """Estimate how much `sciner run` with the same arguments would compute.

    Example: [bold]sciner sweep plan -m threshold=accept_all,fixed[/].

    Steps are looked up in the store as far as they are known. After the first missing step, fits
    are counted by structure: at least those whose training set is known, at most one for every
    point and round that may differ.
    """
    from sciner.launch.main import plan_sweep

    found = plan_sweep(context.args)
    between = str(found.most) if found.least == found.most else f"{found.least} to {found.most}"
    typer.echo(f"points: {found.points}; fits without a store: {found.alone}")
    typer.echo(f"in the store: {found.stored} fits; to do: {between}")
    if not found.most:
        typer.echo("all results are in the store: the sweep computes nothing")
    elif found.seconds is None:
        typer.echo(
            "time: unknown, because the store has no fit of this tagger; run one point first"
        )
    else:
        typer.echo(
            f"time: {span(found.seconds[0])} to {span(found.seconds[1])}, estimated from earlier "
            "fits and annotations, one job at a time"
        )
    if asked := found.questions:
        typer.echo(
            f"questions to the language model: at most {asked.questions}"
            + ("" if asked.money is None else f", about {asked.money:.4g} at llm.prices")
        )


def span(seconds: float) -> str:
    """A duration such as 90 s, 25 min or 3.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
