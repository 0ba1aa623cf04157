"""From the settings of ``data`` to a corpus."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sciner.config.data import DataConfig
from sciner.errors import InputError
from sciner.policy.seed import Amount
from sciner.text.catalog.read import read_catalog
from sciner.text.corpus import Corpus, Sentence, labels_of

log = logging.getLogger(__name__)


def read_corpus(config: DataConfig) -> Corpus:
    """Read the corpus of a run.

    Raises:
        InputError: something in it cannot be read.
    """
    from sciner.text.leaks import guard

    corpus = read_splits(config)
    if config.unlabelled and corpus.unlabelled:
        compare_tokens(corpus.train, corpus.unlabelled)
    return guard(corpus, config.leak_guard, config.leak_min_tokens)


def compare_tokens(train: Sequence[Sentence], pool: Sequence[Sentence]) -> None:
    """Warn if the pool seems to be tokenised differently than the training text."""
    from sciner.text.formats.running import cut_share, differ

    theirs, ours = cut_share(pool), cut_share(train)
    if differ(theirs, ours):
        log.warning(
            "data.unlabelled is tokenised differently than the training text: sciner would split "
            "punctuation from %.0f%% of its tokens, but from %.0f%% of the training tokens (%s)",
            100 * theirs,
            100 * ours,
            "data.tokenised=true: plain text is already tokenised"
            if theirs < ours
            else "data.tokenised=false: sciner tokenises plain text",
        )


def read_splits(config: DataConfig) -> Corpus:
    """Read all splits; a corpus of the catalogue is downloaded if necessary."""
    from sciner.text.formats.read import read_texts
    from sciner.text.formats.texts import find_texts, said

    notes: Counter[str] = Counter()
    pool: tuple[Sentence, ...] = ()
    if config.pool != "withheld" and config.unlabelled:
        texts = find_texts(config.unlabelled, notes)
        log.info("data.unlabelled: %s", said(texts))
        pool = read_texts(texts, notes=notes, tokenised=config.tokenised)
    if config.kind == "sample":
        from sciner.text.sample import read_sample

        corpus = read_sample()
        return Corpus(
            corpus.name,
            corpus.labels,
            corpus.train,
            corpus.test,
            unlabelled=pool,
            notes=corpus.notes + notes,
        )
    if config.kind == "catalog":
        corpus = read_catalog(config.name or "")
        pool = pool or (corpus.unlabelled if config.pool != "withheld" else ())
        return replace(corpus, unlabelled=pool, notes=corpus.notes + notes)
    name, splits = (
        (str(config.path), read_set(config, notes))
        if config.kind == "hub"
        else ("files", read_paths(config, notes))
    )
    labels = tuple(
        config.labels or labels_of(s for sentences in splits.values() for s in sentences)
    )
    if not labels:
        place = f"data.path={config.path}" if config.path else f"data.train={config.train}"
        raise InputError(
            f"no entity in {place}", hint="check data.format or data.columns, and data.scheme"
        )
    return Corpus(name, labels, splits["train"], splits["test"], splits["dev"], pool, notes)


def read_paths(config: DataConfig, notes: Counter[str]) -> dict[str, tuple[Sentence, ...]]:
    """Read the splits of ``data=files``, all of whose text must be labelled."""
    from sciner.text.formats.read import read_files

    how: dict[str, Any] = {
        "notes": notes,
        "format": config.format,
        "documents": config.documents,
        "scheme": config.scheme,
        "labels": config.labels,
        "repair": config.repair,
    }
    splits = {
        name: read_files(paths, split=name, **how) if paths else ()
        for name, paths in (("train", config.train), ("dev", config.dev), ("test", config.test))
    }
    check_masks(splits, dev_of_train=not config.dev and not is_zero(config.dev_size))
    for name, sentences in splits.items():
        if bare := next((s.id for s in sentences if s.spans is None), None):
            raise InputError(
                f"{bare} in data.{name} has no labels",
                hint="give text without labels as data.unlabelled=PATH",
            )
    return splits


def check_masks(splits: Mapping[str, Sequence[Sentence]], *, dev_of_train: bool) -> None:
    """Raise InputError for masked tokens in a set used for scoring: their labels are unknown.

    Args:
        splits: {name: sentences}.
        dev_of_train: whether dev is a part of train.
    """
    for name, sentences in splits.items():
        if name == "train" and not dev_of_train:
            continue
        if partly := next((s.id for s in sentences if s.masked), None):
            hint = "give completely labelled sentences" + (
                " as data.dev=PATH" if name == "train" else ""
            )
            raise InputError(f"{partly} in data.{name} has masked tokens", hint=hint)


def is_zero(amount: int | str) -> bool:
    """Whether an amount such as ``10%`` or ``50`` is zero."""
    return Amount.parse(amount).value == 0


def read_set(config: DataConfig, notes: Counter[str]) -> dict[str, tuple[Sentence, ...]]:
    """Read the splits of a dataset of the hub."""
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
        repair=config.repair,
    )
