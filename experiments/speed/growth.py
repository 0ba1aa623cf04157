"""Pools of growing size, a process each, and what a run spends beside its tagger."""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from experiments.store_savings.measure import rows, sciner, seconds_of, tagger_seconds
from sciner.text.corpus import Sentence

# so few steps learn no entity: that sentences without one are kept puts the pool through selection
# and fit
ROUND = [
    "data=scierc",
    "data.pool=unlabelled",
    "threshold=fixed",
    "threshold.empty=keep",
    "iteration.rounds=1",
]
ROUND += ["tracking=none", "model.steps=20"]


def growth(model: str, sizes: Sequence[int], *more: str) -> dict[str, Any]:
    """One round over each pool: seconds of annotating, comparing and selecting it, of keys and
    store beside the steps, and the most memory that the whole run ever held. more: overrides."""
    from sciner.text.catalog.read import read_catalog
    from sciner.text.formats.jsonl import write_jsonl

    train = read_catalog("scierc").train
    pools = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            project = Path(scratch)
            write_jsonl(project / "pool.jsonl", varied(train, size))
            words = [
                "run",
                *ROUND,
                *more,
                f"model={model}",
                "data.unlabelled=pool.jsonl",
                "hydra.run.dir=out/0",
            ]
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                peak = alone.submit(run_here, project, words).result()
            row = rows(project / "out")[1]
            steps: Counter[str] = Counter()
            for step in pool_steps(row):
                steps[step["step"]] += seconds_of(project, step)
            computed = sum(seconds_of(project, step) for step in row["steps"] if not step["hit"])
            pools.append(
                {
                    "sentences": size,
                    "tokens": sum(len(s.tokens) for s in varied(train, size)),
                    "text_mb": round((project / "pool.jsonl").stat().st_size / 1e6, 1),
                    "seconds": {name: round(seconds, 3) for name, seconds in steps.items()},
                    "between": round(row["cache"]["seconds"] - computed, 3),
                    "accepted": int(row["scores"]["silver/accepted_sentences"]),
                    "peak_mb": round(peak),
                }
            )
            print(f"{model}: {pools[-1]}", flush=True)
    return {"model": " ".join([model, *more]), "pools": pools}


def varied(sentences: Sequence[Sentence], size: int) -> Iterator[Sentence]:
    """``size`` sentences without gold: the given ones again and again, each time with another word
    changed."""
    for n, s in zip(range(size), itertools.cycle(sentences), strict=False):
        copy = n // len(sentences)
        at = copy % len(s.tokens)
        yield Sentence(
            f"pool{copy}/{s.id}", (*s.tokens[:at], f"{s.tokens[at]}{copy}", *s.tokens[at + 1 :])
        )


def pool_steps(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps of a round before its fit: those that work on the pool."""
    return list(itertools.takewhile(lambda step: step["step"] != "fit", row["steps"]))


def run_here(project: Path, words: list[str]) -> float:
    """`sciner` in this process, which was made for it; the most memory that it held, in MB."""
    from sciner.cli.main import app

    os.chdir(project)
    sys.stdout = sys.stderr
    try:
        app(words)
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"sciner {' '.join(words)} ended with {end.code}") from None
    return peak_mb()


def peak_mb() -> float:
    """The most memory that this process ever held. Where there is no /proc, getrusage knows: in
    bytes on macOS."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(
            line
            for line in status.read_text(encoding="ascii").splitlines()
            if line.startswith("VmHWM")
        )
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 1024
    )


def overhead() -> dict[str, Any]:
    """A run on scierc: seconds of its rounds and of all of it, tracking to SQLite included, and
    those of its tagger."""
    words = [
        "run",
        "data=scierc",
        "data.seed_size=20%",
        "iteration.rounds=1",
        "hydra.run.dir=out/0",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        began = time.perf_counter()
        sciner(Path(scratch), *words)
        command, found = time.perf_counter() - began, rows(Path(scratch) / "out")
        about = json.loads((Path(scratch) / "out/0/run.json").read_text(encoding="utf-8"))
    return {
        "command": "sciner " + " ".join(words[:-1]),
        "tagger_seconds": [round(tagger_seconds(row), 2) for row in found],
        "round_seconds": [round(row["cache"]["seconds"], 2) for row in found],
        "run_seconds": round(about["ended"] - about["started"], 2),
        "command_seconds": round(command, 2),
    }
