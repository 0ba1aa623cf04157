"""`sciner review`: a page on localhost where a person corrects the labels of a run."""

from __future__ import annotations

import getpass
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from sciner.errors import InputError
from sciner.store.layout import DEFAULT_FOLDER


def review(
    run: Annotated[str, typer.Argument(help="A run's folder, or the id of a run in the store.")],
    annotator: Annotated[
        str | None, typer.Option(help="Your name, as that of the label file; default: your login.")
    ] = None,
    round: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Review the silver of this round; default: the batch that the run waits for, "
            "otherwise the silver of the last round.",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on localhost; default: any free port.")
    ] = 0,
    store: Annotated[Path, typer.Option(help="The store that recorded the run.")] = DEFAULT_FOLDER,
) -> None:
    """Review a run's silver, or label the batch that it waits for, in the browser.

    Example: [bold]sciner review project --annotator anna[/]. Every decision is saved at once; the
    command prints where, and what to type next.
    """
    from sciner.launch.signals import Stopped, raised
    from sciner.results.folder import as_typed
    from sciner.review.decisions import opened
    from sciner.review.server import ReviewServer
    from sciner.review.work import open_work

    work = open_work(run, store, annotator or login(), round)
    with opened(work) as decisions, ReviewServer(decisions, port) as server:
        typer.echo(f"{work.title}: {len(decisions)} of {len(work.items)} sentences are done")
        with suppress(Stopped), raised():
            typer.echo(f"{server.url} (Ctrl-C ends it)")
            server.serve_forever()
        decisions.close()
        typer.echo(f"\n{len(decisions)} of {len(work.items)} sentences are done")
        if len(decisions):
            typer.echo(f"saved: {as_typed(work.file)}; next: {work.next}")


def login() -> str:
    """The name of the user.

    Raises:
        InputError: the system knows none, as for the number of a user in a container.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the former before Python 3.13
        raise InputError("this user has no name", hint="give --annotator NAME") from None
