"""Named corpora on this machine, byte for byte as published."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from sciner.errors import InputError
from sciner.text.catalog.download import Downloads, is_url
from sciner.text.catalog.entry import Entry
from sciner.text.formats.source import home


def mirror_place() -> str | None:
    """``SCINER_MIRROR``: a folder or URL that holds ``<name>/<path>`` of every file."""
    return os.environ.get("SCINER_MIRROR") or None


def missing(entry: Entry, folder: Path) -> list[str]:
    """The paths of ``entry`` that ``folder`` does not hold with the right checksum."""
    return [
        path
        for path, digest in entry.files.items()
        if not (folder / path).is_file() or sha256(folder / path) != digest
    ]


def fetch(
    entry: Entry,
    *,
    cache: Path,
    mirror: str | None = None,
    progress: Callable[[int], None] = lambda files: None,
) -> Path:
    """Fetch a corpus into ``cache/name`` and verify it; files with the right checksum are kept.

    A download that breaks leaves ``<path>.part``, which the next one continues. Processes that
    fetch at the same time wait for each other.

    Args:
        entry: the corpus.
        cache: the folder of all corpora.
        mirror: a folder or URL to take ``<name>/<path>`` from; None: where the corpus was
            published.
        progress: called with the number of files that are done.

    Returns:
        The folder of the corpus.

    Raises:
        InputError: a file cannot be fetched or written, or has another checksum; it is then not
            kept.
    """
    folder = cache / entry.name
    wanted = missing(entry, folder)
    progress(len(entry.files) - len(wanted))
    if not wanted:
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f".{entry.name}.lock"), Downloads() as downloads:
            still = set(missing(entry, folder))
            for path in wanted:
                if path in still:
                    _obtain(
                        _place(entry, path, mirror), folder / path, entry.files[path], downloads
                    )
                progress(1)
    except OSError as error:
        hint = "set SCINER_DATA to a folder of yours"
        raise InputError(
            f"cannot be written ({error.strerror or error})", file=folder, hint=hint
        ) from None
    return folder


def sha256(path: Path) -> str:
    """The checksum of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _place(entry: Entry, path: str, mirror: str | None) -> str:
    if mirror is None:
        return entry.url(path)
    if is_url(mirror):
        return f"{mirror.rstrip('/')}/{entry.name}/{path}"
    return str(home(mirror, "set SCINER_MIRROR to a folder") / entry.name / path)


def _obtain(place: str, target: Path, expected: str, downloads: Downloads) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    found = ""
    # what continued a stale part may be wrong only for that
    for _ in range(2 if part.exists() else 1):
        if is_url(place):
            downloads.bring(place, part, by_hand=target)
        else:
            _copy(Path(place), part)
        found = sha256(part)
        if found == expected:
            part.replace(target)
            return
        part.unlink()
    problem = f"SHA-256 is {found}, expected {expected}, so the file was not kept"
    raise InputError(
        problem,
        file=place,
        hint="these are not the published bytes: fetch again, or from another place",
    )


def _copy(source: Path, part: Path) -> None:
    if not source.is_file():
        raise InputError(
            "the mirror has no such file",
            file=source,
            hint="check SCINER_MIRROR, or unset it to download",
        )
    shutil.copyfile(source, part)
