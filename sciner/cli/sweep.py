"""`sciner sweep`: estimates of a sweep before it runs, and its state while it runs on Slurm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sciner.launch.slurm.record import Record

app = typer.Typer(
    no_args_is_help=True, help="Sweeps: what one will cost, and sweeps on Slurm (docs/cluster.md)."
)
WORDS = {"allow_extra_args": True, "ignore_unknown_options": True}
JOBS = (4, 16, 64)  # at a time, as a partition may have room for
Sweep = Annotated[str, typer.Argument(help="Its folder, multirun/…, or its id.")]


@app.command(context_settings=WORDS)
def plan(context: typer.Context) -> None:
    """Estimate how much `sciner run` with the same arguments would compute.

    Example: [bold]sciner sweep plan -m threshold=accept_all,fixed[/].

    Steps are looked up in the store as far as they are known. After the first missing step, fits
    are counted by structure: at least those whose training set is known, at most one for every
    point and round that may differ. Points share the fits that are not unique.
    """
    from sciner.launch.main import plan_sweep
    from sciner.report.render import duration

    found = plan_sweep(context.args)
    typer.echo(f"points: {found.points:,}; fits without a store: {found.alone:,}")
    typer.echo(
        f"unique fits: {between(found.stored + found.least, found.stored + found.most)}; "
        f"in the store: {found.stored:,}; to do: {between(found.least, found.most)}"
    )
    if not found.most:
        typer.echo("all results are in the store: the sweep computes nothing")
    elif found.seconds is None:
        typer.echo(
            "time: unknown, because the store has no fit of this tagger; run one point first"
        )
    else:
        typer.echo(
            f"time: {duration(found.seconds[0])} to {duration(found.seconds[1])}, estimated from "
            "earlier fits and annotations, one job at a time"
        )
        for jobs in (jobs for jobs in JOBS if jobs < found.points):
            least, most = found.on(jobs)
            typer.echo(f"on {jobs} jobs: {duration(least)} to {duration(most)}")
    if asked := found.questions:
        typer.echo(
            f"questions to the language model: at most {asked.questions}"
            + ("" if asked.money is None else f", about {asked.money:.4g} at llm.prices")
        )


@app.command(context_settings=WORDS)
def submit(context: typer.Context) -> None:
    """Submit a sweep to Slurm and return at once.

    [bold]sciner sweep submit threshold=accept_all,fixed hydra.launcher.partition=NAME[/] takes the
    overrides of `sciner run -m` and submits one job for each point. The jobs run a copy of the
    code as it is now.
    """
    from sciner.launch.environment import settle

    settle()
    from sciner.launch.main import submit_sweep

    raise typer.Exit(submit_sweep(context.args))


@app.command()
def status(sweep: Sweep) -> None:
    """Show what each point of a submitted sweep does.

    It is waiting, running, preempted, done, failed (with the reason) or cancelled.
    """
    from sciner.launch.slurm.states import print_states
    from sciner.report.terminal import console

    print_states(record_of(sweep), console())


@app.command()
def wait(sweep: Sweep) -> None:
    """Wait until every point of a submitted sweep has ended.

    The exit code is 0, or 1 if a point failed. Ctrl-C ends the waiting, not the sweep.
    """
    from sciner.launch.slurm.states import wait
    from sciner.report.terminal import console

    found = wait(record_of(sweep), console())
    for state in found:
        if state.status == "failed":
            typer.echo(f"failed: {state.name}: {state.detail}", err=True)
    raise typer.Exit(int(any(state.status != "done" for state in found)))


@app.command()
def cancel(sweep: Sweep) -> None:
    """Cancel the jobs of a submitted sweep. What they have computed stays in the store."""
    from sciner.launch.slurm.states import cancel

    cancel(record_of(sweep))


@app.command()
def logs(
    sweep: Sweep,
    point: Annotated[
        int | None, typer.Option(min=0, help="The number of a point; default: all that failed.")
    ] = None,
    lines: Annotated[int, typer.Option(min=1, help="Lines of each file.")] = 20,
) -> None:
    """Show the last lines that jobs of a submitted sweep have printed."""
    from sciner.launch.slurm.states import log_files, states

    record = record_of(sweep)
    failed = [s.number for s in states(record, None) if s.status == "failed"]
    for file in log_files(record, failed if point is None else [point]):
        typer.echo(f"==> {file} <==")
        typer.echo("\n".join(file.read_text("utf-8", errors="replace").splitlines()[-lines:]))


def between(least: int, most: int) -> str:
    """Bounds as text; one number if they are equal."""
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def record_of(sweep: str) -> Record:
    """Raises InputError where there is no such sweep."""
    from sciner.launch.slurm.record import Record

    return Record.find(sweep)
