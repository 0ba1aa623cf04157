"""From `data=…` to a corpus."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from sciner.config.data import DataConfig
from sciner.errors import InputError
from sciner.text.catalog.read import read_catalog
from sciner.text.corpus import Corpus, Sentence, labels_of


def read_corpus(config: DataConfig) -> Corpus:
    """The text to work on. Raises InputError for whatever in it cannot be read."""
    from sciner.text.leaks import guard

    return guard(read_splits(config), config.leak_guard, config.leak_min_tokens)


def read_splits(config: DataConfig) -> Corpus:
    """All that ``config`` names; a corpus of the catalogue is fetched if need be."""
    from sciner.text.formats.read import read_files

    notes: Counter[str] = Counter()
    pool: tuple[Sentence, ...] = ()
    if config.pool != "withheld" and config.unlabelled:
        pool = tuple(s.withheld() for s in read_files(config.unlabelled, split="unlabelled", notes=notes))
    if config.kind == "sample":
        from sciner.text.sample import read_sample

        corpus = read_sample()
        return Corpus(corpus.name, corpus.labels, corpus.train, corpus.test, unlabelled=pool, notes=corpus.notes + notes)
    if config.kind == "catalog":
        corpus = read_catalog(config.name or "")
        pool = pool or (corpus.unlabelled if config.pool != "withheld" else ())
        return replace(corpus, unlabelled=pool, notes=corpus.notes + notes)
    name, splits = (str(config.path), read_set(config, notes)) if config.kind == "hub" else ("files", read_paths(config, notes))
    labels = tuple(config.labels or labels_of(s for sentences in splits.values() for s in sentences))
    if not labels:
        place = f"data.path={config.path}" if config.path else f"data.train={config.train}"
        raise InputError(f"no entity in {place}", hint="check data.format or data.columns, and data.scheme")
    return Corpus(name, labels, splits["train"], splits["test"], splits["dev"], pool, notes)


def read_paths(config: DataConfig, notes: Counter[str]) -> dict[str, tuple[Sentence, ...]]:
    """The splits that files hold; all of their text must be labelled."""
    from sciner.text.formats.read import read_files

    how: dict[str, Any] = {
        "notes": notes,
        "format": config.format,
        "documents": config.documents,
        "scheme": config.scheme,
        "labels": config.labels,
    }
    splits = {
        name: read_files(paths, split=name, **how) if paths else ()
        for name, paths in (("train", config.train), ("dev", config.dev), ("test", config.test))
    }
    for name, sentences in splits.items():
        if bare := next((s.id for s in sentences if s.spans is None), None):
            raise InputError(f"{bare} in data.{name} has no labels", hint="text without labels goes to data.unlabelled=PATH")
    return splits


def read_set(config: DataConfig, notes: Counter[str]) -> dict[str, tuple[Sentence, ...]]:
    """The splits of a set of the hub."""
    from sciner.text.formats.hub import Columns, read_hub

    return read_hub(
        config.path or "",
        splits=config.splits.model_dump(),
        columns=Columns(**config.columns.model_dump()),
        notes=notes,
        config=config.config,
        revision=config.revision,
        scheme=config.scheme,
        labels=config.labels,
    )
