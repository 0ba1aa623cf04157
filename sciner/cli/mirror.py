"""`sciner store push` and `pull`: a store's entries on object storage or another file system."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sciner.cli.console import add_row, say, say_json, shown_bytes, table_of
from sciner.errors import InputError
from sciner.store.layout import DEFAULT_FOLDER

if TYPE_CHECKING:
    from sciner.store.transfer import Copied

Url = Annotated[
    str, typer.Argument(help="s3://BUCKET/PATH, a folder, or another address of fsspec.")
]
Dir = Annotated[Path, typer.Option("--dir", help="The store's folder.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be copied, and copy nothing.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def push(url: Url, dir: Dir = DEFAULT_FOLDER, dry_run: DryRun = False, json: Json = False) -> None:
    """Copy the entries of the store to a mirror, as far as it lacks them.

    The exit code is 1 if an entry is damaged; such entries are not copied.
    """
    from sciner.store.maintenance import open_store
    from sciner.store.mirror import Mirror
    from sciner.store.transfer import push

    began = time.monotonic()
    store, mirror = open_store(dir), Mirror.open(url)
    if mirror.is_local and Path(mirror.root).resolve().is_relative_to(store.root.resolve()):
        raise InputError(
            "the mirror lies in the store", file=mirror.url, hint="name another folder"
        )
    found = push(store, mirror, dry_run=dry_run)
    tell("push", found, time.monotonic() - began, dry_run, json)


def pull(url: Url, dir: Dir = DEFAULT_FOLDER, dry_run: DryRun = False, json: Json = False) -> None:
    """Copy the entries of a mirror to the store, as far as it lacks them.

    Each is verified as `sciner store verify` does before it is in the store. The exit code is 1 if
    an entry is damaged; such entries are not copied.
    """
    from sciner.loop.steps.files import read_all
    from sciner.store.disk import DiskStore
    from sciner.store.mirror import Mirror
    from sciner.store.transfer import pull

    began = time.monotonic()
    store = DiskStore(Path(os.path.realpath(dir)))
    found = pull(store, Mirror.open(url), read_all, dry_run=dry_run)
    tell("pull", found, time.monotonic() - began, dry_run, json)


def tell(doing: str, found: Copied, seconds: float, dry_run: bool, json: bool) -> None:
    """Print what was copied, and exit with 1 if an entry was refused."""
    from sciner.store.step import short_key

    if json:
        say_json({**asdict(found), "dry_run": dry_run})
        raise typer.Exit(bool(found.refused))
    if found.refused:
        table = table_of("not copied", "")
        for key, why in sorted(found.refused.items()):
            add_row(table, short_key(key), why)
        say(table)
    done = f"would be {doing}ed" if dry_run else f"{doing}ed in {seconds:.1f} s"
    say(
        f"{found.entries:,} entries ({shown_bytes(found.bytes)}) {done}; "
        f"{found.there:,} were there already"
        + f", {found.busy:,} are in use by another process" * bool(found.busy)
        + f", {len(found.refused):,} are damaged" * bool(found.refused)
    )
    raise typer.Exit(bool(found.refused))
