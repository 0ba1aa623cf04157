"""The parts of the corpus that a run uses: sizes, digests and sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sciner.config.data import DataConfig, Paths
from sciner.policy.seed import Split
from sciner.redact import redacted
from sciner.text.catalog.known import find
from sciner.text.corpus import Corpus, Sentence, digest_of
from sciner.tracking.datasets import Dataset

DIGEST = 16  # characters; MLflow allows 36


def datasets_of(config: DataConfig, corpus: Corpus, parts: Split) -> list[Dataset]:
    """Seed set, pool, unlabelled text, dev and test of a run, without empty ones."""
    dev = config.dev or config.train
    texts: list[tuple[str, Sequence[Sentence], Paths]] = [
        ("seed set", parts.seed_set, config.train),
        ("pool", parts.pool, config.train),
        ("unlabelled", corpus.unlabelled, config.unlabelled),
        ("dev", parts.dev, dev),
        ("test", corpus.test, config.test),
    ]
    found = []
    for context, sentences, paths in texts:
        if sentences:
            source_type, source = source_of(config, paths)
            found.append(
                Dataset(
                    corpus.name,
                    context,
                    digest_of(sentences)[:DIGEST],
                    source_type,
                    source,
                    sentences=len(sentences),
                    tokens=sum(len(s.tokens) for s in sentences),
                    entities=sum(len(s.spans or ()) for s in sentences),
                )
            )
    return found


def source_of(config: DataConfig, paths: Paths) -> tuple[str, dict[str, Any]]:
    """The source of the text in ``paths``, as type and content of MLflow's dataset source."""
    if paths:  # for several files, the folder that contains them all
        files = [paths] if isinstance(paths, str) else paths
        place = os.path.commonpath([Path(file).absolute() for file in files])
        return "local", {"uri": redacted(place)}
    if config.kind == "catalog":
        return "http", {"url": find(config.name or "").source}
    if config.kind == "hub":
        source = {"path": config.path, "config_name": config.config, "revision": config.revision}
        return "hugging_face", source
    return "code", {"tags": {"mlflow.source.name": "sciner.text.sample"}}
