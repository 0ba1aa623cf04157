"""The doors: `sciner run`, `show`, `annotate`, `report` and others. Nothing heavy is imported
before a command needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import sciner
from sciner.cli import (
    data as data_cli,
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
    store as store_cli,
)
from sciner.cli import (
    sweep as sweep_cli,
)
from sciner.cli import (
    track as track_cli,
)
from sciner.cli.environment import settle
from sciner.errors import InputError, nearest
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
    """What a labelled sentence is worth, measured: iterative auto-annotation for scientific NER,
    tracked round by round."""
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
    """Run one configuration, or sweep over several: [bold]sciner run data.seed_size=10%
    threshold=fixed[/].

    Words are Hydra overrides: GROUP=CHOICE picks a file of conf/, GROUP.key=value changes a
    value, a,b sweeps with -m. --quiet prints only the folder of the results, and errors.
    [bold]sciner run --help[/] lists groups and choices; [bold]sciner
    run --cfg job[/] shows the whole configuration.
    """
    settle()
    from sciner.launch.main import main

    raise typer.Exit(main(context.args))


@app.command()
def annotate(
    tagger: Annotated[
        Path, typer.Argument(help="The model/ folder of a run with save_model=true.")
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, folders or globs: text, CoNLL, JSONL, BRAT.", metavar="INPUT…"),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="JSON lines: id, tokens, spans with confidences.")
    ],
    format: Annotated[str, typer.Option(help="auto, conll, jsonl, brat or text.")] = "auto",
    tokenised: Annotated[
        bool,
        typer.Option(
            "--tokenised", help="Plain text is a sentence a line, with blanks between its tokens."
        ),
    ] = False,
    confidence: Annotated[str, typer.Option(help="Of a span's tokens: min or mean.")] = "min",
    precision: Annotated[str, typer.Option(help="auto, bf16-mixed or 32-true.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="On the CPU; default: all cores.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Encoders on a CPU in 8-bit integers: docs/annotate.md.")
    ] = False,
) -> None:
    """Annotate text with a saved tagger: [bold]sciner annotate outputs/…/model papers/*.txt -o
    spans.jsonl[/]."""
    settle()
    from sciner.config.model import TrainerConfig
    from sciner.run.annotate import annotate, tokens_of
    from sciner.run.saved import open_tagger

    if confidence not in ("min", "mean"):
        raise InputError(
            f"--confidence {confidence}: there is no such choice",
            hint=nearest(confidence, ("min", "mean")),
        )
    if precision not in (known := ("auto", "bf16-mixed", "32-true")):
        raise InputError(
            f"--precision {precision}: there is no such choice", hint=nearest(precision, known)
        )
    trainer = TrainerConfig(accelerator="auto", precision=precision, threads=threads)  # type: ignore[arg-type]
    opened = open_tagger(tagger, trainer, int8=int8)
    how = {
        "format": format,
        "tokenised": tokenised,
        "confidence": confidence,
        "trained": tokens_of(tagger),
    }
    done = annotate(opened, inputs, out, **how)  # type: ignore[arg-type]
    speed = f"{done.tokens / done.seconds:,.0f} tokens a second"
    typer.echo(
        f"{done.sentences:,} sentences, {done.tokens:,} tokens, {done.spans:,} spans: {out} "
        f"({speed})"
    )


@app.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help="A run's folder, or the id of a recorded run.")],
    round: Annotated[int | None, typer.Option(min=0, help="Default: the last.")] = None,
    label: Annotated[
        str | None, typer.Option("--class", help="Only sentences with a span of this class.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only sentences with an error.")] = False,
    silver: Annotated[
        bool, typer.Option("--silver", help="The accepted silver instead of the test set.")
    ] = False,
    propagation: Annotated[
        bool, typer.Option("--propagation", help="What became of the silver's errors, as a table.")
    ] = False,
    suspects: Annotated[
        bool,
        typer.Option(
            "--suspects", help="Labels that out-of-fold predictions contradict (suspects=true)."
        ),
    ] = False,
    store: Annotated[Path, typer.Option(help="The store that recorded the run.")] = DEFAULT_FOLDER,
) -> None:
    """Sentences of a run, gold and predicted spans side by side: [bold]sciner show outputs/…
    --class Task --errors[/]."""
    from sciner.report.side_by_side import print_sentences
    from sciner.report.terminal import console

    if propagation:
        from sciner.report.propagation import show_propagation

        return show_propagation(console(), run, store, round, label)
    if suspects:
        from sciner.report.suspects import print_suspects

        return print_suspects(console(), run, store, round, label, silver)
    print_sentences(console(), run, store, round, "silver" if silver else "test", label, errors)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="The folder of a finished run with save_model=true.")],
    out: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
) -> None:
    """Write a run's tagger and annotated corpus for others, each with a card: [bold]sciner export
    outputs/… exported[/]."""
    from sciner.report.export import export

    export(run, out)
    typer.echo(f"{out}/model: the tagger; {out}/corpus: what it was trained on")


@app.command()
def ui(
    uri: Annotated[
        str | None, typer.Option(help="The database or server; default: mlflow.db in this folder.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On localhost.")] = 5000,
) -> None:
    """Open the MLflow UI on the runs of this folder, on localhost only."""
    from sciner.redact import redacted
    from sciner.tracking.address import Unreachable, place_of
    from sciner.tracking.database import file_of
    from sciner.tracking.mlflow import connect, runs_page

    place = place_of(uri, Path.cwd())
    if (file := file_of(place)) and not file.is_file():
        raise InputError(
            "there is no such tracker", file=file, hint="run `sciner run` first, or give --uri"
        )
    try:
        page = runs_page(connect(place))
    except Unreachable as error:
        raise InputError(
            f"nobody answers at {redacted(place)} ({error})", hint="give another --uri"
        ) from None
    # eleven processes less, 20 s sooner
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    free(port)
    # as an argument, all users of the machine could read it
    os.environ["MLFLOW_BACKEND_STORE_URI"] = place
    typer.echo(f"http://127.0.0.1:{port}/{page} (Ctrl-C ends it)")
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *words])


def free(port: int) -> None:
    """Raises InputError for a port that another server listens on."""
    import socket

    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"port {port} cannot be used ({error.strerror})", hint="give another --port"
            ) from None


def main() -> None:
    """The console script. Bad input, and a place that cannot be read or written, is one line on
    standard error and exit code 2."""
    from sciner.redact import redacted

    try:
        app()
    except InputError as error:
        problem = str(error)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.errno is None:  # no line of the system's
            raise
        place = " ".join(str(error.filename2 or error.filename or "").split())
        problem = f"{place}: {error.strerror}" if place else str(error.strerror)
    # it may quote a corpus
    shown = "".join(c if c.isprintable() else "\ufffd" for c in redacted(problem))
    typer.echo(f"sciner: {shown}", err=True)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
