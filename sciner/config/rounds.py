"""``iteration``, ``acquire`` and ``threshold``: what the rounds do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sciner.config.base import ByClass, Positive, Share, Strict
from sciner.policy.acquire import BudgetUnit, Unit
from sciner.policy.acquire import Kind as Acquisition
from sciner.policy.seed import Amount
from sciner.policy.threshold import Empty, Granularity, Kind
from sciner.text.prediction import Aggregate


class IterationConfig(Strict):
    """``loop.rounds.Iteration``."""

    rounds: Annotated[int, Field(ge=0, le=50)]
    init: Literal["pretrained", "previous"]
    relabel: Literal["all", "frozen"]
    silver_weight: Annotated[float, Field(gt=0, le=10)]
    stop: Literal["fixed", "churn"]
    min_churn: Share

    @model_validator(mode="after")
    def _stops(self) -> IterationConfig:
        if self.stop == "churn" and self.relabel == "frozen":
            raise ValueError("stop=churn watches silver being relabelled: it needs relabel=all")
        return self


class AcquireConfig(Strict):
    """``policy.acquire.Acquire``. scorer: the tagger whose word ranks the pool; ``learner`` is the one that is trained."""

    kind: Acquisition
    batch: int | str
    unit: Unit
    budget: Annotated[float, Field(gt=0)] | None
    budget_unit: BudgetUnit
    passes: Annotated[int, Field(ge=2, le=100)]
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
        if self.kind == "none" and self.budget is not None:
            raise ValueError(f"budget={self.budget:g} ends what acquire=none never begins: add acquire=random")
        if self.unit == "entities" and Amount.parse(self.batch).percent:
            raise ValueError(f"batch={self.batch} of entities nobody has counted: give a number of them")
        if Amount.parse(self.batch).value == 0:
            raise ValueError("batch=0 buys nothing: give acquire.batch=30, or acquire=none")
        return self


class ThresholdConfig(Strict):
    """``policy.threshold.Threshold``."""

    kind: Kind
    granularity: Granularity
    confidence: Aggregate
    min_confidence: Share
    empty: Empty
    share: Share = 1.0
    classes: ByClass = Field(default_factory=dict)
    quota: Positive | None = None
    schedule: list[Share] = Field(default_factory=list)
    schedule_of: Literal["confidence", "share"] = "confidence"

    @model_validator(mode="after")
    def _meant(self) -> ThresholdConfig:
        if self.kind == "curriculum" and not self.schedule:
            raise ValueError("a curriculum needs a schedule: give 'threshold.schedule=[0.9,0.8,0.7]'")
        if self.quota and self.classes:
            raise ValueError("quota sets a bar a class by itself: leave threshold.classes out")
        if self.quota and self.granularity == "sentence":
            raise ValueError("a quota counts spans: it needs granularity=span or token")
        if self.kind in ("none", "reject") and self.min_confidence:
            raise ValueError(
                f"min_confidence={self.min_confidence} means nothing to threshold={self.kind}: add threshold=fixed"
            )
        return self
