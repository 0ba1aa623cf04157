"""`sciner export`: a run's tagger and annotated corpus, for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sciner.errors import InputError


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a finished run with save_model=true.")],
    out: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Also write an encoder as model.onnx, for ONNX Runtime.")
    ] = False,
    register: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Register an encoder in MLflow's model registry under this name."
        ),
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="MLflow's database or server; default: mlflow.db in this folder."),
    ] = None,
    push: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME",
            help="Upload both to the Hugging Face hub, as a model and a dataset of this name. "
            "They are private. The token is read from HF_TOKEN.",
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="What --push uploads is visible to everybody.")
    ] = False,
) -> None:
    """Write a run's tagger and annotated corpus for others, each with a card.

    Example: [bold]sciner export outputs/… exported --onnx[/].

    DIR/model is the tagger; an encoder works with transformers alone.
    DIR/corpus is its training data and the test set; datasets.load_dataset reads it.
    Nothing is registered or uploaded without --register or --push.
    """
    from sciner.launch.environment import settle

    settle()
    from sciner.report.export import COMPARED, CORPUS, MODEL, to_export
    from sciner.report.export import export as write_export
    from sciner.report.push import hub, listing
    from sciner.report.push import push as upload
    from sciner.report.sentences import read_part
    from sciner.tracking.address import place_of
    from sciner.tracking.registry import check_name, tracked
    from sciner.tracking.registry import register as log_model

    if public and push is None:
        raise InputError("--public is about --push", hint="add --push OWNER/NAME")
    if uri and register is None:
        raise InputError("--uri is about --register", hint="add --register NAME")
    # whatever can be refused is refused before anything is written
    needed = {"--onnx": onnx, "--register": register is not None}
    record = to_export(run, out, [option for option, asked in needed.items() if asked])
    place, api = None, None
    if register is not None:
        check_name(register)
        place = tracked(place_of(uri or record.config["tracking"]["uri"], Path.cwd()), record)
    if push is not None:
        api = hub(push)

    difference = write_export(record, out, onnx=onnx)
    typer.echo(f"{out / MODEL}: the tagger; {out / CORPUS}: its training data and the test set")
    if difference is not None:
        typer.echo(
            f"{out / MODEL}/model.onnx: probabilities differ from those of torch by at most "
            f"{difference:.0e} (on up to {COMPARED} test sentences)"
        )
    if place is not None and register is not None:
        example = read_part(record.folder, record.rounds[-1]["round"], "test")[0].sentence
        number = log_model(place, record, out / MODEL, register, " ".join(example.tokens))
        typer.echo(f"models:/{register}/{number}: registered in MLflow")
    if push is not None:
        for line in listing(out, push, api, public=public):
            typer.echo(line)
        upload(out, push, api, public=public)
        typer.echo("uploaded")
