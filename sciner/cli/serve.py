"""`sciner serve` answers annotation tools and other programs on localhost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import typer

from sciner.cli.options import Int8, Model, Threads, Threshold
from sciner.printable import printable


def serve(
    model: Model,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Other machines reach 0.0.0.0, with the token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 is any free one.")] = 9090,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SCINER_TOKEN",
            help="What requests must give. Default: none on localhost, elsewhere a random one.",
        ),
    ] = None,
    threshold: Threshold = "none",
    confidence: Annotated[
        Literal["min", "mean"],
        typer.Option(help="A span's confidence is the min or the mean of its tokens'."),
    ] = "min",
    precision: Annotated[
        Literal["auto", "bf16-mixed", "32-true"], typer.Option(help="Of an encoder.")
    ] = "auto",
    threads: Threads = None,
    int8: Int8 = False,
    max_bytes: Annotated[int, typer.Option(min=1, help="Most bytes of one request.")] = 8 * 2**20,
    max_sentences: Annotated[
        int, typer.Option(min=1, help="Most sentences of one request.")
    ] = 2000,
    max_requests: Annotated[
        int, typer.Option(min=1, help="Most requests at a time; others get 503 and Retry-After.")
    ] = 128,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds that one request may take.")
    ] = 60.0,
) -> None:
    """Serve a saved tagger to Label Studio, INCEpTION and other programs.

    Example: [bold]sciner serve outputs/…/model[/]. docs/serve.md shows how to connect the tools.
    Nothing is trained, nothing is stored, and the log contains no text.
    """
    from sciner.launch.environment import settle

    settle()
    import logging
    import re
    import secrets

    from sciner.config.model import TrainerConfig
    from sciner.errors import InputError
    from sciner.localhost import HOSTS
    from sciner.progress import quiet
    from sciner.serve.app import build
    from sciner.serve.guard import log
    from sciner.serve.limits import Limits
    from sciner.serve.server import listen, serve
    from sciner.serve.service import open_service

    if token is not None and not re.fullmatch(r"[\w.~-]{8,}", token, re.ASCII):
        raise InputError(
            "--token cannot be part of an address", hint="use 8 or more letters, digits, - or _"
        )
    limits = Limits(max_bytes, max_sentences, max_requests, timeout)
    bound = listen(host, port)
    trainer = TrainerConfig(accelerator="auto", precision=precision, threads=threads)
    service = open_service(
        model, trainer, limits, threshold=threshold, confidence=confidence, int8=int8
    )
    if token is None and host not in HOSTS:
        token = secrets.token_urlsafe(16)
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{bound.getsockname()[1]}"
    for line in lines_of(address, token, service.labels):
        typer.echo(line)
    shown = logging.StreamHandler()
    shown.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(shown)
    log.setLevel(logging.INFO)
    with quiet(True):  # a bar for every request would hide the log
        serve(build(service, token), service.predictor, bound)


def lines_of(address: str, token: str | None, labels: Sequence[str]) -> Iterator[str]:
    """What is printed at the start: the address for each program."""
    yield f"classes: {', '.join(map(printable, labels))}"
    login = f" (any user name, password {token})" if token else ""
    yield f"Label Studio: {address}/label_studio{login}"
    yield f"INCEpTION: {address}/{f'{token}/' if token else ''}inception"
    bearer = f" (Authorization: Bearer {token})" if token else ""
    yield f"other programs: POST {address}/annotate{bearer}; Ctrl-C ends it"
