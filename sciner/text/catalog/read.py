"""Named corpora as sentences, in their published splits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sciner.errors import InputError
from sciner.text.catalog.known import find
from sciner.text.corpus import Corpus, labels_of


def read_named(name: str, *, cache: Path) -> Corpus:
    """Read a corpus that was fetched; gold that is left out is counted in ``notes``.

    Raises:
        InputError: the catalogue has no such name, or ``cache/name`` lacks files.
    """
    entry = find(name)
    folder = cache / name
    if absent := next((path for path in entry.files if not (folder / path).is_file()), None):
        raise InputError("no such file", file=folder / absent, hint=f"sciner data fetch {name}")
    notes: Counter[str] = Counter()
    found = entry.read(folder, notes)
    splits = {
        split: tuple(found.get(split, ())) for split in ("train", "dev", "test", "unlabelled")
    }
    labels = labels_of(s for split in splits.values() for s in split)
    return Corpus(name, labels, **splits, notes=notes)


def read_catalog(name: str) -> Corpus:
    """Fetch, verify and read a corpus.

    Raises:
        InputError: it cannot be fetched.
    """
    return read_named(name, cache=fetch_catalog(name).parent)


def fetch_catalog(name: str) -> Path:
    """Fetch a corpus and return its folder; environment variables say where from and where to."""
    from sciner.progress import bar
    from sciner.text.catalog.fetch import fetch, mirror_place
    from sciner.text.formats.source import cache_folder

    entry = find(name)
    with bar(f"fetching {name}", len(entry.files)) as advance:
        return fetch(entry, cache=cache_folder(), mirror=mirror_place(), progress=advance)
