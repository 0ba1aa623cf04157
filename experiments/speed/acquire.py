"""What choosing from a large pool costs beside annotating it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from experiments.speed.growth import peak_mb, varied
from sciner.policy.acquisition.base import STRATEGIES, Evidence
from sciner.policy.acquisition.rank import rank
from sciner.tagger.decode import predictions
from sciner.text.corpus import Sentence, tagset
from sciner.text.formats.npz import read_predictions, write_predictions
from sciner.text.prediction import Prediction

POOL, BATCH, KNOWN, DIMENSIONS, ANNOTATED = 100_000, 1_000, 2_000, 384, 2_000


def acquire() -> dict[str, Any]:
    """Seconds of ranking POOL sentences by each policy, from predictions on disk to the order, and
    the most memory held.

    Predictions and embeddings are drawn: their values are not looked at, and what they cost to
    rank does not depend on them. Beside them, the seconds in which minilm would annotate the
    pool, and embed it, by ANNOTATED of its sentences.
    """
    kinds = [
        kind
        for kind, strategy in STRATEGIES.items()
        if strategy.buys and "samples" not in strategy.needs
    ]
    found = {}
    with TemporaryDirectory() as scratch:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            alone.submit(draw, Path(scratch)).result()
        for kind in kinds:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                found[kind] = alone.submit(ranked, kind, Path(scratch)).result()
            print(kind, found[kind], flush=True)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        tagger = alone.submit(forward).result()
    return {"sentences": POOL, "batch": BATCH, "known": KNOWN, "policies": found, "minilm": tagger}


def pool_of(size: int) -> tuple[tuple[str, ...], list[Sentence]]:
    from sciner.text.catalog.read import read_catalog

    corpus = read_catalog("scierc")
    return corpus.labels, [s.withheld() for s in varied(corpus.train, size)]


def draw(folder: Path) -> None:
    """Predictions of the pool, as the store keeps them."""
    labels, pool = pool_of(POOL)
    rng = np.random.default_rng(0)

    def drawn() -> Iterator[Prediction]:
        for at in range(0, POOL, 4096):
            chunk = pool[at : at + 4096]
            rows = [
                rng.dirichlet([0.1] * len(tagset(labels)), len(s.tokens)).astype(np.float32)
                for s in chunk
            ]
            yield from predictions(chunk, rows, tagset(labels))

    write_predictions(folder, drawn(), labels)


def ranked(kind: str, folder: Path) -> dict[str, float]:
    """In a process of its own. folder: the drawn predictions."""
    labels, pool = pool_of(POOL)
    strategy = STRATEGIES[kind]()
    needs = strategy.needs

    def read() -> Iterator[Prediction]:
        return read_predictions(folder, pool, labels)

    evidence = Evidence()
    if "predictions" in needs:
        evidence = Evidence(
            predictions=read,
            history=[read] if "history" in needs else [],
            counts=range(len(labels)),
        )
    if "embeddings" in needs:
        vectors = (
            np.random.default_rng(0).normal(size=(POOL + KNOWN, DIMENSIONS)).astype(np.float32)
        )
        evidence = replace(
            evidence, embeddings=lambda: vectors[:POOL], known=lambda: vectors[POOL:]
        )
    before, began = peak_mb(), time.perf_counter()
    rank(strategy, pool, evidence, count=BATCH, seed=0, round=1)
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "peak_mb": round(peak_mb()),
        "before_mb": round(before),
    }


def forward() -> dict[str, float]:
    """Seconds a pool of POOL sentences would take minilm, by ANNOTATED of them, to annotate and to
    embed."""
    from experiments.speed.measure import config
    from sciner.run.build import build_tagger
    from sciner.text.corpus import gold_example

    labels, pool = pool_of(ANNOTATED)
    tagger = build_tagger(config("data=scierc", "model.steps=1"), labels)
    fitted = tagger.fit([gold_example(Sentence("a#0", ("a",), ()))], seed=0)
    seconds = {}
    for name, work in (
        ("annotate", lambda: list(fitted.predict(pool))),
        ("embed", lambda: fitted.embeddings(pool)),
    ):
        work()
        began = time.perf_counter()
        work()
        seconds[name] = round((time.perf_counter() - began) * POOL / ANNOTATED, 1)
    return seconds
