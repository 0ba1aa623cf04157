"""Files of unlabelled text: folders are searched with their subfolders."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import NamedTuple

from sciner.errors import InputError
from sciner.text.formats.recognise import SUFFIXES
from sciner.text.formats.source import home, with_name

READABLE = frozenset({".txt", ".pdf", ".ann", *SUFFIXES})
BESIDE = "PDF files left out, because their text is beside them"
LINKS = "links to folders left out"


class Text(NamedTuple):
    """A file of text.

    Attributes:
        file: its path.
        folder: where it was found, relative to the folder or glob that was searched; "" for a file
            directly in it, and for a file that was named.
    """

    file: Path
    folder: str = ""

    @property
    def path(self) -> str:
        """The path below the folder or glob that was searched."""
        return f"{self.folder}/{self.file.name}" if self.folder else self.file.name

    def below(self, name: str) -> str:
        """``name`` followed by the folder, as the first part of the text's ids."""
        return f"{name}/{self.folder}" if self.folder else name


def find_texts(
    paths: str | Path | Sequence[str | Path],
    notes: Counter[str],
    readable: Collection[str] | None = READABLE,
) -> list[Text]:
    """List the files of text that paths lead to.

    A file that is named is taken, whatever its suffix. Folders are searched with their subfolders,
    in order of name; hidden files and folders are skipped, and links to folders are not followed. A
    .txt beside an .ann or a .pdf of the same name is read instead of it.

    Args:
        paths: files, folders or globs.
        notes: counts the files of folders and globs that are not taken.
        readable: the suffixes that are taken from folders and globs, in lower case; None takes all.

    Raises:
        InputError: a path leads to no file, a glob has .. after a wildcard, or a folder cannot be
            read.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    return [text for path in given for text in _texts(path, notes, readable)]


def said(texts: Iterable[Text]) -> str:
    """How many files there are, by suffix."""
    counts = Counter(text.file.suffix.lower() or "other" for text in texts)
    return ", ".join(f"{count:,} {suffix}" for suffix, count in sorted(counts.items()))


def left_out(suffix: str) -> str:
    """The note that counts files with this suffix."""
    return f"{suffix or 'other'} files left out"


def without_pairs(files: Sequence[Path], suffix: str) -> list[Path]:
    """The files without those in ``suffix`` that have a .txt of the same name beside them."""
    texts = {file.with_suffix("") for file in files if file.suffix.lower() == ".txt"}
    return [f for f in files if not (f.suffix.lower() == suffix and f.with_suffix("") in texts)]


def _texts(
    path: str | Path, notes: Counter[str], readable: Collection[str] | None
) -> Iterator[Text]:
    place = home(path)
    if place.is_file():
        yield Text(with_name(place))
        return
    if place.is_dir():
        root, found = place, list(_files(place, notes))
    else:
        root = _fixed(place)
        if ".." in place.relative_to(root).parts[1:]:  # outputs would leave their folder
            raise InputError(".. after a wildcard", file=path, hint="give a pattern without it")
        # a pattern may be absolute, which Path.glob does not accept
        matches = map(Path, glob(str(place), recursive=True))  # noqa: PTH207
        found = [match for match in matches if match.is_file()]
    taken = sorted(file for file in found if readable is None or file.suffix.lower() in readable)
    lost = Counter(left_out(file.suffix.lower()) for file in {*found} - {*taken})
    if not taken:
        problem = "no file of text in this folder" if place.is_dir() else "no such file"
        told = "; ".join(f"{what}: {count:,}" for what, count in sorted(lost.items()))
        raise InputError(problem, file=path, hint=told or "check the path")
    notes += lost
    taken = without_pairs(taken, ".ann")
    alone = without_pairs(taken, ".pdf")
    notes.update(+Counter({BESIDE: len(taken) - len(alone)}))
    for file in alone:
        folder = file.parent.relative_to(root) if file.is_relative_to(root) else Path()
        yield Text(with_name(file), "" if folder == Path() else folder.as_posix())


def _files(root: Path, notes: Counter[str]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(
            f"the folder cannot be read ({error.strerror})", file=error.filename, hint="check it"
        )

    for folder, below, files in os.walk(root, onerror=refuse):
        below[:] = [name for name in below if not name.startswith(".")]
        notes.update(+Counter({LINKS: sum(Path(folder, name).is_symlink() for name in below)}))
        yield from (
            file
            for name in files
            if not name.startswith(".") and (file := Path(folder, name)).is_file()
        )


def _fixed(pattern: Path) -> Path:
    """The part of a glob before its first wildcard."""
    return next(place for place in pattern.parents if not has_magic(str(place)))
