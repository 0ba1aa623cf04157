"""Builds what a configuration describes: the tagger, the policies, the annotator, the store.

torch is imported only where it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sciner.config import RunConfig
from sciner.config.model import (
    SCORERS,
    CrfConfig,
    GazetteerConfig,
    LlmModelConfig,
    ModelConfig,
    TrainerConfig,
)
from sciner.config.places import StoreConfig
from sciner.errors import InputError, nearest
from sciner.text.corpus import gold_example

if TYPE_CHECKING:
    from sciner.loop.steps.runner import StepRunner
    from sciner.loop.teacher import AskedTeacher
    from sciner.policy.annotator import Annotator
    from sciner.policy.people import Answers
    from sciner.policy.threshold.accept import Threshold
    from sciner.store.store import Store
    from sciner.tagger.base import Tagger
    from sciner.tagger.llm.tagger import LlmTagger
    from sciner.text.corpus import Sentence
    from sciner.text.spans import Span


def build_tagger(
    config: RunConfig, labels: tuple[str, ...], llm: LlmTagger | None = None
) -> Tagger:
    """Build the tagger of a run.

    Args:
        config: of the run.
        labels: the classes.
        llm: the language model, if model=llm.
    """
    if config.model.kind == "llm":
        assert llm is not None
        return llm
    return tagger_of(config.model, config.trainer, labels)


def tagger_of(model: ModelConfig, trainer: TrainerConfig, labels: tuple[str, ...]) -> Tagger:
    """Build the tagger that ``model`` and, for an encoder, ``trainer`` describe.

    Raises:
        InputError: the model is a language model, which cannot be restored from a folder.
    """
    if isinstance(model, CrfConfig):
        from sciner.tagger.crf.crf import CrfTagger, CrfTrainingConfig

        return CrfTagger(CrfTrainingConfig(**model.model_dump(exclude={"kind"})), labels)
    if isinstance(model, GazetteerConfig):
        from sciner.tagger.gazetteer.gazetteer import GazetteerTagger

        return GazetteerTagger(model.case, labels)
    if isinstance(model, LlmModelConfig):
        raise InputError("a language model cannot be a saved tagger", hint="give another folder")
    from sciner.tagger.encoder.device import Device
    from sciner.tagger.encoder.encoder import EncoderTagger
    from sciner.tagger.encoder.lora import Lora
    from sciner.tagger.encoder.module import TrainingConfig
    from sciner.tagger.encoder.source import Source

    source = Source(
        **model.model_dump(include={"name", "revision", "package", "sha256", "path", "config"}),
        weights=model.weights_format,
    )
    training = TrainingConfig(**model.model_dump(include=set(TrainingConfig.__dataclass_fields__)))
    lora = (
        Lora(model.lora_r, model.lora_alpha, model.lora_dropout, model.lora_lr)
        if model.peft == "lora"
        else None
    )
    return EncoderTagger(source, training, Device(**trainer.model_dump()), labels, lora)


def build_llm(config: RunConfig, labels: tuple[str, ...], store: Store) -> LlmTagger | None:
    """Build the language model of a run; nothing is asked yet.

    Args:
        config: of the run.
        labels: the classes.
        store: keeps the answers.

    Returns:
        The language model; None if the run does not ask one.

    Raises:
        InputError: the template or the guideline cannot be used.
    """
    asked = config.llm
    if asked.kind == "none" or not config.asks():
        return None
    from sciner.tagger.llm.ask import Asker, Recipe
    from sciner.tagger.llm.client import Endpoint, Prices, Purse
    from sciner.tagger.llm.prompt import Prompt, read_template, read_text
    from sciner.tagger.llm.tagger import LlmTagger

    assert asked.base_url and asked.name  # the configuration has checked it
    guideline = read_text(Path(asked.guideline)) if asked.guideline else ""
    prompt = Prompt(read_template(asked.template), guideline, labels)
    recipe = Recipe(**asked.model_dump(include=set(Recipe.__dataclass_fields__)))
    endpoint = Endpoint(**asked.model_dump(include=set(Endpoint.__dataclass_fields__)))
    prices = Prices(**asked.prices.model_dump()) if asked.prices.known else Prices()
    return LlmTagger(recipe, prompt, Asker(endpoint, store, prices, Purse(asked.max_cost)))


def build_teacher(config: RunConfig, llm: LlmTagger | None) -> AskedTeacher | None:
    """The language model as teacher, alone or with the tagger; None if it is not a teacher."""
    from sciner.loop.teacher import AskedTeacher

    if config.iteration.teacher == "tagger":
        return None
    assert llm is not None
    return AskedTeacher(llm, beside=config.iteration.teacher == "both")


def build_threshold(config: RunConfig, labels: tuple[str, ...]) -> Threshold:
    """Build the threshold of a run.

    Raises:
        InputError: it has a setting for a class that the corpus does not have.
    """
    threshold = config.threshold.policy()
    for name, value in vars(threshold.rule).items():
        for label in value if isinstance(value, Mapping) else ():
            if label not in labels:
                raise InputError(
                    f"threshold.{name} has the unknown class {label!r}",
                    hint=nearest(label, labels),
                )
    return threshold


def build_annotator(
    config: RunConfig,
    labels: tuple[str, ...],
    withheld: Mapping[str, tuple[Span, ...]],
    llm: LlmTagger | None = None,
    early: Sequence[Sentence] = (),
    seed_set: Sequence[Sentence] = (),
    answers: Answers = MappingProxyType({}),
) -> Annotator:
    """Build the annotator of a run.

    Args:
        config: of the run.
        labels: the classes.
        withheld: {sentence id: gold spans}.
        llm: the language model, if it is the annotator.
        early: what is bought before round 0: seed set and dev.
        seed_set: the part of it that may be shown to the model.
        answers: of people.

    Raises:
        InputError: an error rate is given for a class that the corpus does not have.
    """
    from sciner.policy.annotator import SimulatedAnnotator, TwoAnnotators
    from sciner.policy.cost import Cost
    from sciner.policy.noise import Noise

    asked = config.annotator
    cost = Cost(**asked.cost.model_dump(), assist=asked.assist)
    perfect = SimulatedAnnotator(withheld, cost)
    if asked.kind == "perfect":
        return perfect
    if asked.kind == "llm":
        from sciner.tagger.llm.annotator import LlmAnnotator

        assert llm is not None
        people = asked.seed_set == "people"
        shown = perfect.label(seed_set) if people else ()
        fitted = llm.fit([gold_example(s) for s in shown], seed=config.seed)
        return LlmAnnotator(fitted, perfect, {s.id for s in early} if people else ())
    if asked.kind == "people":
        from sciner.policy.people import People

        return People(answers, asked.adjudicate, cost, perfect, {s.id for s in early})
    rates = asked.rates or {}
    for label in rates:
        if label not in labels:
            raise InputError(
                f"annotator.rates has the unknown class {label!r}", hint=nearest(label, labels)
            )
    seed = config.seed if asked.seed is None else asked.seed
    noises = (Noise(labels, asked.rate, rates, asked.kinds, seed, stream) for stream in (0, 1))
    first, second = (SimulatedAnnotator(withheld, cost, noise) for noise in noises)
    return (
        first if asked.kind == "noisy" else TwoAnnotators(first, second, perfect, asked.adjudicate)
    )


def build_scorer(config: RunConfig, steps: StepRunner) -> StepRunner | None:
    """The steps of the tagger that ranks the pool in place of the learner; None without one."""
    from sciner.loop.steps.runner import StepRunner

    if (kind := config.acquire.scorer) == "learner":
        return None
    tagger = tagger_of(SCORERS[kind](kind=kind), config.trainer, steps.labels)  # type: ignore[arg-type]
    scorer = StepRunner(tagger, steps.store, steps.labels, "none")
    scorer.taken = steps.taken
    return scorer


def build_store(config: StoreConfig, project: Path) -> Store:
    """Build the store of a run; a relative folder is in ``project``.

    Raises:
        InputError: store.locks=flock, on a file system where these locks do not work.
    """
    from sciner.store.disk import DiskStore
    from sciner.store.locks import excludes
    from sciner.store.store import NoStore

    if config.kind == "none":
        return NoStore()
    # resolve() would raise RuntimeError for a loop of links
    root = Path(os.path.realpath(project / config.dir))
    if config.locks == "flock":
        there = next(folder for folder in (root, *root.parents) if folder.is_dir())
        if os.access(there, os.W_OK) and not excludes(there):
            raise InputError(
                "store.locks=flock: locks do not work on this file system",
                file=root,
                hint="give store.locks=lease, or leave it out",
            )
    return DiskStore(root, config.locks)
