"""The catalogue: every corpus that has a module in ``corpora``."""

from __future__ import annotations

import importlib
import pkgutil

from sciner.errors import InputError, nearest
from sciner.text.catalog import corpora
from sciner.text.catalog.entry import Entry

MODULES = [
    importlib.import_module(f"{corpora.__name__}.{found.name}")
    for found in pkgutil.iter_modules(corpora.__path__)
]
CATALOG: dict[str, Entry] = {module.CORPUS.name: module.CORPUS for module in MODULES}


def find(name: str) -> Entry:
    """Find a corpus by name.

    Raises:
        InputError: there is none; the message has the nearest name.
    """
    if name not in CATALOG:
        raise InputError(
            f"there is no corpus {name!r} in the catalogue", hint=nearest(name, CATALOG)
        )
    return CATALOG[name]
