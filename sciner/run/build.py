"""What a configuration describes: the tagger, the policies, the annotator, the store. torch is
imported where it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
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
    from sciner.policy.threshold.accept import Threshold
    from sciner.store.disk import Store
    from sciner.tagger.base import Tagger
    from sciner.tagger.llm.tagger import LlmTagger
    from sciner.text.corpus import Sentence
    from sciner.text.spans import Span


def build_tagger(
    config: RunConfig, labels: tuple[str, ...], llm: LlmTagger | None = None
) -> Tagger:
    """The tagger of ``config`` for the classes ``labels``. llm: the language model, which
    model=llm is."""
    if config.model.kind == "llm":
        assert llm is not None
        return llm
    return tagger_of(config.model, config.trainer, labels)


def tagger_of(model: ModelConfig, trainer: TrainerConfig, labels: tuple[str, ...]) -> Tagger:
    """The tagger that ``model`` and, for an encoder, ``trainer`` describe. torch is imported where
    it is needed."""
    if isinstance(model, CrfConfig):
        from sciner.tagger.crf.crf import CrfTagger, CrfTrainingConfig

        return CrfTagger(CrfTrainingConfig(**model.model_dump(exclude={"kind"})), labels)
    if isinstance(model, GazetteerConfig):
        from sciner.tagger.gazetteer.gazetteer import GazetteerTagger

        return GazetteerTagger(model.case, labels)
    if isinstance(model, LlmModelConfig):
        raise InputError("a language model is no saved tagger", hint="give another folder")
    from sciner.tagger.encoder.device import Device
    from sciner.tagger.encoder.encoder import EncoderTagger
    from sciner.tagger.encoder.lora import Lora
    from sciner.tagger.encoder.module import TrainingConfig
    from sciner.tagger.encoder.weights import Source

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
    """The language model of ``config``, whose answers are kept in ``store``; None where nothing
    asks one. Nothing is asked yet. Raises InputError for a file that cannot be used."""
    asked = config.llm
    if asked.kind == "none" or not config.asks():
        return None
    from sciner.tagger.llm.ask import Asker, Recipe
    from sciner.tagger.llm.client import Endpoint, Prices, Purse
    from sciner.tagger.llm.prompt import Prompt, read_template, read_text
    from sciner.tagger.llm.tagger import LlmTagger

    assert asked.base_url and asked.name  # refused by the configuration
    guideline = read_text(Path(asked.guideline)) if asked.guideline else ""
    prompt = Prompt(read_template(asked.template), guideline, labels)
    recipe = Recipe(**asked.model_dump(include=set(Recipe.__dataclass_fields__)))
    endpoint = Endpoint(**asked.model_dump(include=set(Endpoint.__dataclass_fields__)))
    prices = Prices(**asked.prices.model_dump()) if asked.prices.known else Prices()
    return LlmTagger(recipe, prompt, Asker(endpoint, store, prices, Purse(asked.max_cost)))


def build_teacher(config: RunConfig, llm: LlmTagger | None) -> AskedTeacher | None:
    """The language model as teacher, alone or beside the tagger; None where the tagger alone
    annotates the pool."""
    from sciner.loop.teacher import AskedTeacher

    if config.iteration.teacher == "tagger":
        return None
    assert llm is not None
    return AskedTeacher(llm, beside=config.iteration.teacher == "both")


def build_threshold(config: RunConfig, labels: tuple[str, ...]) -> Threshold:
    """The threshold of ``config``. Raises InputError for a setting of a class that the corpus does
    not have."""
    threshold = config.threshold.policy()
    for name, value in vars(threshold.rule).items():
        for label in value if isinstance(value, Mapping) else ():
            if label not in labels:
                raise InputError(f"threshold.{name} names {label!r}", hint=nearest(label, labels))
    return threshold


def build_annotator(
    config: RunConfig,
    labels: tuple[str, ...],
    withheld: Mapping[str, tuple[Span, ...]],
    llm: LlmTagger | None = None,
    early: Sequence[Sentence] = (),
    seed_set: Sequence[Sentence] = (),
) -> Annotator:
    """The annotator of ``config``. llm: the language model, where it is one. early: what is bought
    before round 0, seed set and dev; seed_set: of these what may be shown to the model.

    Raises InputError for the error rate of a class that the corpus does not have.
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
    rates = asked.rates or {}
    for label in rates:
        if label not in labels:
            raise InputError(f"annotator.rates names {label!r}", hint=nearest(label, labels))
    seed = config.seed if asked.seed is None else asked.seed
    noises = (Noise(labels, asked.rate, rates, asked.kinds, seed, stream) for stream in (0, 1))
    first, second = (SimulatedAnnotator(withheld, cost, noise) for noise in noises)
    return (
        first if asked.kind == "noisy" else TwoAnnotators(first, second, perfect, asked.adjudicate)
    )


def build_scorer(config: RunConfig, steps: StepRunner) -> StepRunner | None:
    """The steps of the tagger that ranks the pool in the learner's place, beside those of the
    learner; None without one."""
    from sciner.loop.steps.runner import StepRunner

    if (kind := config.acquire.scorer) == "learner":
        return None
    tagger = tagger_of(SCORERS[kind](kind=kind), config.trainer, steps.labels)  # type: ignore[arg-type]
    scorer = StepRunner(tagger, steps.store, steps.labels, "none")
    scorer.taken = steps.taken
    return scorer


def build_store(config: StoreConfig, project: Path) -> Store:
    """The store of ``config``; a relative folder stands in ``project``."""
    from sciner.store.disk import DiskStore, NoStore

    if config.kind == "none":
        return NoStore()
    # resolve() would raise for a loop of links
    return DiskStore(Path(os.path.realpath(project / config.dir)))
