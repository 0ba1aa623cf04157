"""`sciner annotate`: new text, labelled by a saved tagger."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciner.cli.console import say
from sciner.cli.options import Int8, Model, Threads, Threshold
from sciner.errors import InputError, nearest

if TYPE_CHECKING:
    from sciner.run.annotate import Summary
    from sciner.tagger.base import Fitted
    from sciner.text.formats.exchange.base import Exchange


def annotate(
    model: Model,
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders (with their subfolders) or globs: text, PDF, CoNLL, JSONL, BRAT; "
            "without -o, the last one is the folder of the outputs.",
            metavar="INPUT… [OUT]",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o", "--out", help="The new file for all inputs, or a folder with one for each."
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="The format of the output: docs/formats.md."),
    ] = "jsonl",
    origin: Annotated[
        str, typer.Option("--from", help="Input format: auto, conll, jsonl, brat, text or pdf.")
    ] = "auto",
    tokenised: Annotated[
        bool,
        typer.Option(
            "--tokenised",
            help="Plain text has one sentence per line, with spaces between its tokens.",
        ),
    ] = False,
    threshold: Threshold = "none",
    confidence: Annotated[
        str, typer.Option(help="A span's confidence is the min or the mean of its tokens'.")
    ] = "min",
    precision: Annotated[str, typer.Option(help="auto, bf16-mixed or 32-true.")] = "auto",
    threads: Threads = None,
    int8: Int8 = False,
) -> None:
    """Annotate text with a saved tagger.

    Examples: [bold]sciner annotate outputs/…/model papers/*.txt -o spans.jsonl[/] writes one file;
    [bold]sciner annotate outputs/…/model papers annotated/[/] writes one for each input, and skips
    those that it has annotated before.
    """
    from sciner.launch.environment import settle
    from sciner.launch.signals import Stopped, raised

    settle()
    from sciner.config.model import TrainerConfig
    from sciner.run.annotate import Settings, annotate, tokens_of
    from sciner.run.annotate_folder import annotate_folder
    from sciner.run.manifest import identity
    from sciner.run.saved import open_tagger, read_about
    from sciner.run.threshold import threshold_of

    for option, value, known in (
        ("--confidence", confidence, ("min", "mean")),
        ("--precision", precision, ("auto", "bf16-mixed", "32-true")),
    ):
        if value not in known:
            problem = f"{option} {value}: there is no such choice"
            raise InputError(problem, hint=nearest(value, known))
    inputs, place, is_folder = divided(inputs, out)
    labels = read_about(model).labels
    settings = Settings(
        origin,  # type: ignore[arg-type]
        tokenised,
        confidence,  # type: ignore[arg-type]
        threshold_of(model, threshold, labels, confidence),  # type: ignore[arg-type]
        tokens_of(model),
        None if to == "jsonl" else writer_of(to),
    )
    trainer = TrainerConfig(accelerator="auto", precision=precision, threads=threads)  # type: ignore[arg-type]

    def opened() -> Fitted:
        return open_tagger(model, trainer, int8=int8)

    try:
        with raised():
            if is_folder:
                by = identity(model, settings, precision=precision, int8=int8)
                done = annotate_folder(opened, inputs, place, settings, by)
            else:
                done = annotate(opened(), inputs, place, settings)
    except Stopped as stop:
        hint = "the same command continues" if is_folder else "nothing was written"
        typer.echo(f"sciner: stopped by {stop}; {hint}", err=True)
        raise typer.Exit(stop.code) from None
    show(done, place, to)


def divided(inputs: list[str], out: str | None) -> tuple[list[str], Path, bool]:
    """The inputs, the output, and whether it is a folder.

    Args:
        inputs: the words of the command; without ``out``, the last one is the output.
        out: the option -o.

    Raises:
        InputError: there is no output.
    """
    from sciner.text.formats.source import home

    if out is not None:
        return inputs, home(out), out.endswith("/") or home(out).is_dir()
    *inputs, last = inputs
    if not inputs or home(last).is_file():
        problem = "no output" if not inputs else f"{last} is a file, so it cannot be the output"
        raise InputError(problem, hint="name a folder as the last word, or a file with -o FILE")
    return inputs, home(last), True


def writer_of(name: str) -> Exchange:
    """The format of the output.

    Raises:
        InputError: it is unknown, or it cannot store spans.
    """
    import sciner.text.formats.exchange  # noqa: F401  (registers the formats)
    from sciner.text.formats.exchange.base import find_exchange

    found = find_exchange(name)
    if not found.write or not {"edges", "tokens"} & found.holds:
        raise InputError(f"{found.title} cannot store spans", hint="choose another --format")
    return found


def show(done: Summary, place: Path, to: str) -> None:
    """Print what was annotated, and what was left out."""
    speed = f"{done.tokens / done.seconds:,.0f} tokens per second"
    counts = f"{done.sentences:,} sentences, {done.tokens:,} tokens, {done.spans:,} spans"
    say(f"{counts}: {place} ({speed})" if done.files else f"nothing to annotate: {place}")
    notes = Counter({"files annotated before, and skipped": done.skipped}) + done.notes
    if to == "jsonl":
        notes += Counter({'spans below the threshold, listed as "rejected"': done.rejected})
    say("; ".join([f"files read: {done.files or 'none'}", *told(notes)]))
    if +done.lost:
        say(f"{to} cannot store: {'; '.join(told(done.lost))}")


def told(counts: Counter[str]) -> list[str]:
    """Each of the counts that are not zero."""
    return [f"{what}: {count:,}" for what, count in sorted((+counts).items())]
