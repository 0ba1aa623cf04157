"""sciner beside what users would run instead, in turns: fit, annotate, fraction of the machine,
scoring, start-up, choosing from a pool, overhead, serving, growing pools.

SCINER_MIRROR=… python -m experiments.speed.measure [fit annotate limit score start acquire
overhead sweep known serve growth growth_teachers growth_million engines]

Needs the extras minilm, int8 and peers. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from experiments.speed.acquire import acquire
from experiments.speed.engines import engines
from experiments.speed.growth import growth, overhead
from experiments.speed.known import known
from experiments.speed.limit import limit
from experiments.speed.score import score
from experiments.speed.serve import serve
from experiments.speed.start import start
from experiments.speed.sweep import sweep
from experiments.speed.turns import System, in_turns
from sciner.launch.environment import settle

HERE = Path(__file__).parent
STEPS, BATCH = 30, 32


def config(*words: str) -> Any:
    """The configuration of `sciner run` with these words."""
    from sciner.launch.overrides import check, parse_flags

    return check(parse_flags([*words, "tracking=none"]))[0][0]


def fit() -> dict[str, Any]:
    """scierc train, STEPS steps of BATCH sentences on average; corpus tokens a second, loading the
    encoder not counted."""
    grouped = {"bf16": True, "train_sampling_strategy": "group_by_length"}
    systems = {
        "sciner": System(fit_speed),
        "sciner, one thread": System(fit_speed, ("trainer.threads=1",)),
        "transformers.Trainer": System(trainer_speed, ({},), settled=False),
        "transformers.Trainer, bf16, grouped by length": System(
            trainer_speed, (grouped,), settled=False
        ),
    }
    return {"steps": STEPS, "batch_size": BATCH, **in_turns(systems)}


@cache
def corpus_named(data: str) -> Any:
    from sciner.run.corpus import read_corpus

    return read_corpus(config(f"data={data}").data)


def fit_speed(
    *words: str, data: str = "scierc", steps: int = STEPS, batch_size: int = BATCH
) -> float:
    """Corpus tokens a second of one fit, as `sciner run` with these words builds its tagger."""
    from sciner.run.build import build_tagger
    from sciner.text.corpus import gold_example

    sizes = (f"model.steps={steps}", f"model.batch_size={batch_size}")
    chosen, corpus = config(f"data={data}", *words, *sizes), corpus_named(data)
    examples = [gold_example(s) for s in corpus.train]
    report = build_tagger(chosen, corpus.labels).fit(examples, seed=0).report
    return float(report.tokens / report.seconds)


def trainer_speed(
    settings: dict[str, Any], data: str = "scierc", place: str | None = None
) -> float:
    """Corpus tokens a second of transformers.Trainer, set up as its token classification example
    does; settings: TrainingArguments'. place: of the encoder; minilm by default."""
    from transformers import TrainerCallback

    from experiments.recipe_check.peer import Rows, trainer_for

    seen = 0

    class Counted(Rows):
        def __getitem__(self, i: int) -> dict[str, list[int]]:
            nonlocal seen
            seen += len(self.sentences[i].tokens)
            return super().__getitem__(i)

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            nonlocal seen
            seen, self.began = 0, time.perf_counter()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            self.seconds = time.perf_counter() - self.began

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"max_steps": STEPS, "per_device_train_batch_size": BATCH}
        trainer = trainer_for(corpus_named(data), folder, Counted, place, **sizes | settings)
        trainer.add_callback(clock)
        trainer.train()
    return seen / clock.seconds


def saved_tagger(folder: Path) -> Path:
    """A minilm trained by its default recipe on the whole of scierc train."""
    words = [
        "data=scierc",
        "data.seed_size=100%",
        "iteration=supervised",
        "tracking=none",
        "save_model=true",
    ]
    command = [
        sys.executable,
        "-m",
        "sciner",
        "run",
        *words,
        "store=none",
        f"hydra.run.dir={folder}",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "model"


def annotate() -> dict[str, Any]:
    """200 unlabelled paragraphs of cmu_sciner; tokens a second from text to spans, and what int8
    costs on scierc test."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = saved_tagger(Path(scratch) / "run")
        systems = {
            "sciner annotate": System(annotate_speed, (folder,)),
            "sciner annotate --int8": System(annotate_speed, (folder, True)),
        }
        systems |= {
            f"transformers.pipeline, batch {n}": System(pipeline_speed, (folder, n), settled=False)
            for n in (1, 4, 16)
        }
        return {
            "paragraphs": len(paragraphs()),
            "tokens": tokens_of(paragraphs()),
            **in_turns(systems),
            "int8": cost_of_rounding(folder),
        }


@cache
def paragraphs() -> Any:
    from sciner.text.catalog.read import read_catalog

    return read_catalog("cmu_sciner").unlabelled[:200]


def tokens_of(sentences: Any) -> int:
    return sum(len(s.tokens) for s in sentences)


@cache
def opened(folder: Path, int8: bool) -> Any:
    from sciner.run.saved import open_tagger

    return open_tagger(folder, config().trainer, int8=int8)


def annotate_speed(folder: Path, int8: bool = False) -> float:
    """Tokens a second of `sciner annotate`, from a file of text to one of spans."""
    from sciner.run.annotate import annotate
    from sciner.text.formats.jsonl import write_jsonl

    tagger = opened(folder, int8)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "in.jsonl"
        write_jsonl(file, paragraphs())
        done = annotate(tagger, [str(file)], Path(scratch) / "out.jsonl")
    return done.tokens / done.seconds


@cache
def pipeline(folder: Path, device: str = "cpu") -> Any:
    import transformers

    return transformers.pipeline(
        "token-classification", model=str(folder), aggregation_strategy="first", device=device
    )


def pipeline_speed(folder: Path, batch_size: int) -> float:
    """Tokens a second of transformers.pipeline, from text in memory to spans."""
    pipe, texts = pipeline(folder), [" ".join(s.tokens) for s in paragraphs()]
    began = time.perf_counter()
    pipe(texts, batch_size=batch_size)
    return tokens_of(paragraphs()) / (time.perf_counter() - began)


def cost_of_rounding(folder: Path) -> dict[str, Any]:
    """Seconds of rounding a saved tagger to int8, entity F1 of both on scierc test, and the paired
    95% interval of what int8 gains (less than 0: loses)."""
    from sciner.score.entity import entity_counts
    from sciner.score.stats import f1_difference_interval, f1_of
    from sciner.text.catalog.read import read_catalog

    tagger = opened(folder, False)
    began = time.perf_counter()
    rounded = opened(folder, True)
    rounding = time.perf_counter() - began
    test = read_catalog("scierc").test
    bare = [s.withheld() for s in test]
    whole, small = (
        entity_counts(test, [p.spans for p in fitted.predict(bare)]) for fitted in (tagger, rounded)
    )
    return {
        "opening_seconds": round(rounding, 1),
        "precision": tagger.device.resolved_precision(),
        "f1": round(f1_of(whole), 4),
        "f1_int8": round(f1_of(small), 4),
        "difference_interval": [round(end, 4) for end in f1_difference_interval(small, whole)],
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "fit": fit,
    "annotate": annotate,
    "limit": limit,
    "score": score,
    "start": start,
    "acquire": acquire,
    "overhead": overhead,
    "sweep": sweep,
    "known": known,
    "serve": serve,
    "growth": lambda: growth("minilm", (1_000, 10_000, 100_000)),
    "growth_teachers": lambda: growth("tiny", (100_000,), "iteration=robust", "iteration.steps=20"),
    "growth_million": lambda: growth("tiny", (1_000_000,)),
    "engines": engines,
}
# only where they are asked for: long, and in need of a package that nothing else needs
ASKED = ("growth_million", "engines")


def machine() -> dict[str, Any]:
    import torch

    from sciner.tagger.encoder.device import Device

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        name = next(
            (
                line.partition(":")[2].strip()
                for line in info.read_text().splitlines()
                if "model name" in line
            ),
            name,
        )
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "precision": Device().resolved_precision(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        default=[p for p in PARTS if p not in ASKED],
        choices=[*PARTS, []],
        help=f"all but {', '.join(ASKED)} by default",
    )
    parts = parser.parse_args().parts
    settle()
    file = HERE / "figures.json"
    for part in parts:
        found = PARTS[part]()
        figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        # parts may be measured on different machines
        figures |= {part: {"machine": machine()} | found}
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        print(part, json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
