"""The configuration: typed and frozen; invalid settings are rejected.

There is one section for each group of conf/, in modules by subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from sciner.config import errors
from sciner.config.annotator import AnnotatorConfig
from sciner.config.base import Seed, Strict
from sciner.config.data import DataConfig
from sciner.config.llm import LlmConfig, NoLlmConfig
from sciner.config.model import SCORERS, ModelConfig, TrainerConfig
from sciner.config.places import SearchConfig, StoreConfig, TrackingConfig
from sciner.config.rounds import AnyAcquireConfig, AnyThresholdConfig, IterationConfig
from sciner.policy.seed import Amount
from sciner.tagger.base import PROBES


class RunConfig(Strict):
    """One run: a point of a sweep.

    With ``save_model``, the last round's tagger stays in the run's folder; with ``suspects``, so do
    the labels that out-of-fold predictions contradict.
    """

    seed: Seed
    save_model: bool = False
    suspects: bool = False
    data: DataConfig
    annotator: Annotated[AnnotatorConfig, Field(discriminator="kind")]
    model: Annotated[ModelConfig, Field(discriminator="kind")]
    iteration: IterationConfig
    acquire: AnyAcquireConfig
    threshold: AnyThresholdConfig
    trainer: TrainerConfig
    store: StoreConfig
    tracking: TrackingConfig
    search: SearchConfig = SearchConfig()
    llm: Annotated[LlmConfig, Field(discriminator="kind")] = NoLlmConfig()

    def asks(self) -> list[str]:
        """The words that ask a language model."""
        told = {
            "annotator=llm": self.annotator.kind == "llm",
            "model=llm": self.model.kind == "llm",
            f"iteration.teacher={self.iteration.teacher}": self.iteration.teacher != "tagger",
        }
        return [words for words, so in told.items() if so]

    @model_validator(mode="after")
    def _searchable(self) -> RunConfig:
        if (
            self.search.trial is not None
            and self.search.objective == "dev"
            and not Amount.parse(self.data.dev_size).value
        ):
            raise ValueError(
                "a search maximises F1 on dev, and there is no dev: give data.dev_size=20% (its "
                "gold is charged), or search=cross_fit (more fits, no more gold)"
            )
        if (
            self.search.trial is not None
            and self.search.objective == "cross_fit"
            and self.acquire.policy().buys
        ):
            raise ValueError(
                f"acquire={self.acquire.kind}: with search=cross_fit, every fold would buy its own "
                "sentences, without a charge: give search=dev data.dev_size=20%"
            )
        return self

    @model_validator(mode="after")
    def _trainable(self) -> RunConfig:
        if self.iteration.init == "previous" and "initial_weights" not in self.model.capabilities:
            raise ValueError(
                f"iteration.init=previous starts from trained weights, and model={self.model.kind} "
                "cannot: give iteration.init=pretrained"
            )
        if "fit_options" not in self.model.capabilities:
            for key in ("steps", "gold_share", "finish_steps", "ema"):
                if (value := getattr(self.iteration, key)) is not None:
                    raise ValueError(
                        f"iteration.{key}={value:g} is for encoders, and every fit of "
                        f"model={self.model.kind} sees all of its data equally often: leave it "
                        "out, or iteration=robust if that sets it"
                    )
        if self.iteration.labels == "soft" and "soft_labels" not in self.model.capabilities:
            raise ValueError(
                f"iteration.labels=soft: model={self.model.kind} learns from one label for each "
                "token, not from distributions: give iteration.labels=hard"
            )
        if self.iteration.teachers > 1 and "random_fits" not in self.model.capabilities:
            raise ValueError(
                f"iteration.teachers={self.iteration.teachers}: fits of model={self.model.kind} do "
                "not depend on the seed, and all teachers would be the same: give "
                "iteration.teachers=1"
            )
        if self.iteration.silver_weight != 1 and "example_weights" not in self.model.capabilities:
            raise ValueError(
                f"iteration.silver_weight={self.iteration.silver_weight:g} cannot be used with "
                f"model={self.model.kind}, "
                "which gives every sentence the same weight: leave it at 1"
            )
        return self

    @model_validator(mode="after")
    def _ranked(self) -> RunConfig:
        acquire = self.acquire.policy()
        people = self.annotator.kind == "people"
        if acquire.buys and self.data.pool == "unlabelled" and not people:
            raise ValueError(
                f"acquire={self.acquire.kind} buys from text whose labels are withheld, and "
                "data.pool=unlabelled has none: "
                "give data.pool=both"
            )
        scorer = SCORERS.get(self.acquire.scorer) or self.model
        if lacking := sorted(acquire.needs & PROBES - scorer.capabilities):
            kind = self.model.kind if self.acquire.scorer == "learner" else self.acquire.scorer
            raise ValueError(
                f"acquire={self.acquire.kind} needs {' and '.join(lacking)}, and a {kind} has "
                "none: use an encoder, or "
                "acquire=mnlp"
            )
        return self

    @model_validator(mode="after")
    def _labelled_by_people(self) -> RunConfig:
        if self.annotator.kind != "people":
            return self
        if not self.acquire.policy().buys:
            raise ValueError(
                f"annotator=people labels what is acquired, and acquire={self.acquire.kind} "
                "acquires nothing: give acquire=mnlp iteration=active_learning"
            )
        if self.acquire.unit == "entities":
            raise ValueError(
                "acquire.unit=entities: the entities of a sentence are only known when it is "
                "labelled, and people label a whole batch: give acquire.unit=sentences"
            )
        if self.store.kind == "none":
            raise ValueError(
                "annotator=people continues from the results in the store, and store=none keeps "
                "none: give store=disk"
            )
        if self.search.trial is not None:
            raise ValueError(
                "annotator=people works for a single run only, and a search has many: give "
                "annotator=perfect"
            )
        return self

    @model_validator(mode="after")
    def _asked(self) -> RunConfig:
        asks = self.asks()
        if asks and self.llm.kind == "none":
            raise ValueError(
                f"{asks[0]} needs an endpoint: give llm=endpoint llm.name=NAME "
                "llm.base_url=http://localhost:8080/v1"
            )
        if self.model.kind == "llm" and self.save_model:
            raise ValueError("save_model=true: model=llm trains nothing that could be saved")
        if self.model.kind == "llm" and self.iteration.teacher != "tagger":
            raise ValueError(
                f"iteration.teacher={self.iteration.teacher}: model=llm already is the teacher"
            )
        money = self.acquire.budget is not None and self.acquire.budget_unit == "money"
        if money and not (asks and self.llm.kind == "endpoint" and self.llm.prices.known):
            raise ValueError(
                "acquire.budget_unit=money: only a language model with prices costs any: give "
                "annotator=llm and llm.prices, or acquire.budget_unit=minutes"
            )
        return self

    @model_validator(mode="after")
    def _zero_shot(self) -> RunConfig:
        if self.iteration.teacher != "llm" or Amount.parse(self.data.seed_size).value:
            return self
        if self.acquire.policy().buys:
            raise ValueError(
                f"acquire={self.acquire.kind} ranks the pool with a trained tagger, and with "
                "data.seed_size=0 there is none: give acquire=none, or a seed set"
            )
        for key in ("finish_steps", "gold_share"):
            if getattr(self.iteration, key) is not None:
                raise ValueError(
                    f"iteration.{key} needs gold, and data.seed_size=0 has none: give null, or a "
                    "seed set"
                )
        threshold = self.threshold.policy()
        if not threshold.needs_silver or threshold.needs_judged or self.threshold.kind == "quota":
            raise ValueError(
                f"threshold={self.threshold.kind} needs gold, and data.seed_size=0 has none: give "
                "threshold=accept_all"
            )
        if self.threshold.empty == "match_seed_rate":
            raise ValueError(
                "threshold.empty=match_seed_rate needs a seed set, and data.seed_size=0: give "
                "threshold.empty=keep"
            )
        return self

    @model_validator(mode="after")
    def _ends_late(self) -> RunConfig:
        if self.iteration.folds and self.acquire.policy().buys:
            raise ValueError(
                f"iteration.folds=true trains on all parts of the silver in the last round only, "
                f"and acquire={self.acquire.kind} may end the loop earlier: give acquire=none"
            )
        return self

    @model_validator(mode="after")
    def _resumable(self) -> RunConfig:
        if (
            self.iteration.init == "previous"
            and self.store.kind == "disk"
            and self.store.keep_weights == "none"
        ):
            raise ValueError(
                "iteration.init=previous starts from the weights of the previous round, and "
                "store.keep_weights=none deletes them: give store.keep_weights=last"
            )
        return self


def parse(values: Mapping[str, Any]) -> RunConfig:
    """Check and type a configuration.

    Raises:
        InputError: one line that names the key and how to correct it.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise errors.explain_validation_error(error, RunConfig) from None


def known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """The keys under ``loc``.

    Raises:
        KeyError: that is a value.
    """
    return errors.known_keys(RunConfig, loc)
