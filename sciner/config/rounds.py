"""``iteration``, ``acquire`` and ``threshold``: what the rounds do."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from sciner.config.base import Positive, Share, Strict, by_class
from sciner.config.by_kind import by_kind
from sciner.policy.acquisition.base import STRATEGIES
from sciner.policy.acquisition.batch import Acquire, BudgetUnit, Unit
from sciner.policy.measure.base import MEASURES
from sciner.policy.seed import Amount
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.base import RULES, Empty, Granularity
from sciner.text.prediction import Aggregate

Teaches = Literal["tagger", "llm", "both"]


class IterationConfig(Strict):
    """``loop.iteration.Iteration``."""

    rounds: Annotated[int, Field(ge=0, le=50)]
    steps: Positive | None
    gold_share: Annotated[float, Field(gt=0, lt=1)] | None
    finish_steps: Positive | None
    ema: Annotated[float, Field(gt=0, lt=1)] | None
    labels: Literal["hard", "soft"]
    temperature: float | Literal["fit"]
    teacher: Teaches
    teachers: Annotated[int, Field(ge=1, le=20)]
    folds: bool
    init: Literal["pretrained", "previous"]
    relabel: Literal["all", "frozen"]
    silver_weight: Annotated[float, Field(gt=0, le=10)]
    mask_missed: bool
    stop: Literal["fixed", "churn"]
    min_churn: Share
    guard: Literal["warn", "stop"]

    @field_validator("temperature", mode="before")
    @classmethod
    def _temperature(cls, value: object) -> object:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value != "fit" and not (number and 0 < value <= 100):  # type: ignore[operator]
            raise ValueError(f"{value} is not a temperature: give a number from 0 to 100, or fit")
        return value

    @model_validator(mode="after")
    def _stops(self) -> IterationConfig:
        if self.stop == "churn" and self.relabel == "frozen":
            raise ValueError(
                "stop=churn compares silver that is labelled again: it needs relabel=all"
            )
        if self.folds and self.teachers == 1:
            raise ValueError(
                "folds=true lets each of several teachers annotate what it was not trained on: add "
                "iteration.teachers=3"
            )
        if self.folds and (self.stop == "churn" or self.guard == "stop"):
            early = "stop=churn" if self.stop == "churn" else "guard=stop"
            raise ValueError(
                f"folds=true trains on all parts of the silver in the last round only, and {early} "
                "may end the loop earlier: give iteration.stop=fixed and iteration.guard=warn"
            )
        if self.teacher != "tagger" and not self.rounds:
            raise ValueError(
                f"teacher={self.teacher} annotates the pool, and rounds=0 never does: give "
                "iteration.rounds=1"
            )
        if self.teacher == "llm" and self.teachers > 1:
            raise ValueError(
                f"teachers={self.teachers} would annotate nothing with teacher=llm: give "
                "iteration.teachers=1, or iteration.teacher=both"
            )
        if self.temperature != 1 and self.labels == "hard":
            raise ValueError(
                f"temperature={self.temperature} only changes soft labels: add "
                "iteration.labels=soft, or leave it at 1"
            )
        return self


class AcquireConfig(Strict):
    """``policy.acquisition.Acquire``: the settings of all kinds.

    scorer: the tagger that ranks the pool; ``learner`` is the one that is trained.
    """

    kind: str
    batch: int | str
    unit: Unit
    budget: Annotated[float, Field(gt=0)] | None
    budget_unit: BudgetUnit
    scorer: Literal["learner", "crf", "gazetteer"]

    @field_validator("batch", mode="before")
    @classmethod
    def _amount(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError(f"{value} is neither a number nor a share: write {100 * value:g}%")
        Amount.parse(value)  # type: ignore[arg-type]
        return value

    @model_validator(mode="after")
    def _meant(self) -> AcquireConfig:
        acquire = self.policy()
        if not acquire.buys and self.budget is not None:
            raise ValueError(
                f"budget={self.budget:g} has no effect, because acquire={self.kind} buys nothing: "
                "add acquire=random"
            )
        if self.unit == "entities" and acquire.batch.percent:
            raise ValueError(
                f"batch={self.batch}: the number of entities in the pool is unknown: give a "
                "number, not a share"
            )
        if acquire.batch.value == 0:
            raise ValueError("batch=0 buys nothing: give acquire.batch=30, or acquire=none")
        return self

    def policy(self) -> Acquire:
        """The acquisition that this describes."""
        strategy = STRATEGIES[self.kind](**settings_of(self, STRATEGIES[self.kind]))
        return Acquire(strategy, Amount.parse(self.batch), self.unit, self.budget, self.budget_unit)


class ThresholdConfig(Strict):
    """``policy.threshold.Threshold``: the settings of all kinds."""

    kind: str
    granularity: Granularity
    confidence: Aggregate
    empty: Empty
    measure: str

    @field_validator("classes", mode="before", check_fields=False)  # the rules that have classes
    @classmethod
    def _classes(cls, value: object) -> object:
        return by_class(value)

    @model_validator(mode="after")
    def _meant(self) -> ThresholdConfig:
        self.policy()  # which refuses settings that do not go together
        return self

    def policy(self) -> Threshold:
        """The threshold that this describes."""
        rule = RULES[self.kind](**settings_of(self, RULES[self.kind]))
        return Threshold(rule, self.granularity, self.confidence, self.empty, self.measure)


def settings_of(section: BaseModel, kind: type) -> dict[str, Any]:
    """What a section says of the fields of its kind."""
    return {field.name: getattr(section, field.name) for field in fields(kind)}


if TYPE_CHECKING:
    AnyAcquireConfig = AcquireConfig
    AnyThresholdConfig = ThresholdConfig
else:  # the kinds are those that are registered, which no type checker knows
    AnyAcquireConfig = by_kind(AcquireConfig, STRATEGIES)
    AnyThresholdConfig = by_kind(ThresholdConfig, RULES, measure=MEASURES)
