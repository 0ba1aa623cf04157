"""What a configuration describes: the tagger, the policies, the annotator, the store. torch is
imported where it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sciner.config import RunConfig
from sciner.config.model import SCORERS, CrfConfig, GazetteerConfig, ModelConfig, TrainerConfig
from sciner.config.places import StoreConfig
from sciner.errors import InputError, nearest

if TYPE_CHECKING:
    from sciner.loop.steps.runner import StepRunner
    from sciner.policy.annotator import Annotator
    from sciner.policy.threshold.accept import Threshold
    from sciner.store.disk import Store
    from sciner.tagger.base import Tagger
    from sciner.text.spans import Span


def build_tagger(config: RunConfig, labels: tuple[str, ...]) -> Tagger:
    """The tagger of ``config`` for the classes ``labels``."""
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
    config: RunConfig, labels: tuple[str, ...], withheld: Mapping[str, tuple[Span, ...]]
) -> Annotator:
    """The annotator of ``config``. Raises InputError for the error rate of a class that the corpus
    does not have."""
    from sciner.policy.annotator import SimulatedAnnotator, TwoAnnotators
    from sciner.policy.cost import Cost
    from sciner.policy.noise import Noise

    asked = config.annotator
    cost = Cost(**asked.cost.model_dump(), assist=asked.assist)
    perfect = SimulatedAnnotator(withheld, cost)
    if asked.kind == "perfect":
        return perfect
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
