"""The configuration: typed, frozen, and refused where it cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sciner import refusal
from sciner.errors import nearest
from sciner.policy.acquire import NEEDS, BudgetUnit, Unit
from sciner.policy.acquire import Kind as Acquisition
from sciner.policy.annotator import Adjudicate
from sciner.policy.noise import ERROR_KINDS
from sciner.policy.seed import Amount, Order
from sciner.policy.threshold import Empty, Granularity, Kind
from sciner.text.catalog.known import find
from sciner.text.leaks import Guard
from sciner.text.prediction import Aggregate

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Paths = str | list[str] | None


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class HubColumns(Strict):
    """``text.formats.hub.Columns``."""

    tokens: str = "tokens"
    tags: str = "ner_tags"
    document: str | None = None


class HubSplits(Strict):
    """What a set of the hub calls its splits, or which part of them is taken."""

    train: str = "train"
    dev: str | None = "validation"
    test: str = "test"


class DataConfig(Strict):
    """Which text, and how much of its gold is bought.

    seed_size, dev_size: sentences (200) or a share (20%) of the training (for dev, of the remaining or dev) sentences.
    limit: caps seed set and pool together, never test.
    leak_guard: what becomes of training sentences of at least leak_min_tokens tokens that stand in dev or test.
    """

    kind: Literal["sample", "files", "catalog", "hub"]
    name: str | None = None
    seed_size: int | str
    dev_size: int | str
    seed_order: Order
    pool: Literal["withheld", "unlabelled", "both"]
    limit: Positive | None
    unlabelled: Paths
    leak_guard: Guard
    leak_min_tokens: Positive
    train: Paths = None
    dev: Paths = None
    test: Paths = None
    format: Literal["auto", "conll", "jsonl", "brat", "text"] = "auto"
    documents: Literal["separator", "file"] = "separator"
    scheme: Literal["IOB1", "IOB2", "IOBES"] | None = None
    labels: list[str] | None = None
    path: str | None = None
    config: str | None = None
    revision: str | None = None
    columns: HubColumns = HubColumns()
    splits: HubSplits = HubSplits()

    @field_validator("seed_size", "dev_size")
    @classmethod
    def _amount(cls, value: int | str) -> int | str:
        Amount.parse(value)
        return value

    @field_validator("seed_size", "dev_size", mode="before")
    @classmethod
    def _share(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError(f"{value} is neither a number of sentences nor a share: write {100 * value:g}%")
        return value

    @model_validator(mode="after")
    def _complete(self) -> DataConfig:
        if self.kind == "catalog" and not self.name:
            raise ValueError("catalog needs a name: give data.name=NAME")
        brings_text = self.kind == "catalog" and "unlabelled" in find(self.name or "").splits
        if self.pool != "withheld" and not self.unlabelled and not brings_text:
            raise ValueError(f"pool={self.pool} needs text: give data.unlabelled=PATH")
        if self.pool == "withheld" and self.unlabelled:
            raise ValueError(f"pool=withheld leaves {self.unlabelled} out: add data.pool=both or data.pool=unlabelled")
        if self.kind == "files" and not (self.train and self.test):
            raise ValueError("files needs both: give data.train=PATH data.test=PATH")
        if self.kind == "hub" and not self.path:
            raise ValueError("hub needs a set: give data.path=NAME, a folder or a Parquet file")
        return self


class CostConfig(Strict):
    """The seconds of ``policy.cost.Cost``."""

    read_token: Weight
    mark_entity: Weight
    correct_span: Weight


class PaidConfig(Strict):
    """What all annotators have: a cost, and whether they start from the tagger's spans."""

    assist: bool
    cost: CostConfig


class PerfectConfig(PaidConfig):
    """``policy.annotator.SimulatedAnnotator`` without noise."""

    kind: Literal["perfect"]


class NoiseConfig(PaidConfig):
    """``policy.noise.Noise``. rates: of classes; None is no class's. seed: None is the run's."""

    rate: Share
    rates: dict[str, Share] | None
    kinds: dict[str, Weight]
    seed: Seed | None

    @field_validator("kinds")
    @classmethod
    def _some(cls, value: dict[str, float]) -> dict[str, float]:
        if stray := sorted(value.keys() - set(ERROR_KINDS)):
            raise ValueError(f"{stray[0]!r} is no kind of error; {nearest(stray[0], ERROR_KINDS)}")
        if not any(value.values()):
            raise ValueError("all weights are 0: for an annotator without errors give annotator=perfect")
        return value


class NoisyConfig(NoiseConfig):
    """``policy.annotator.SimulatedAnnotator`` with noise."""

    kind: Literal["noisy"]


class TwoAnnotatorsConfig(NoiseConfig):
    """``policy.annotator.TwoAnnotators``, both of the same rates."""

    kind: Literal["two_annotators"]
    adjudicate: Adjudicate


AnnotatorConfig = PerfectConfig | NoisyConfig | TwoAnnotatorsConfig


class EncoderConfig(Strict):
    """An encoder's source and its training recipe.

    ``tagger.weights.Source``, ``tagger.module.Recipe``, and where peft=lora ``tagger.lora.Lora`` with the keys lora_*.
    """

    kind: Literal["encoder"]
    name: str | None
    revision: str
    path: str | None
    package: str | None
    sha256: str | None
    weights: Literal["safetensors", "torch"]
    config: dict[str, int | float] | None
    lr: Annotated[float, Field(gt=0, lt=1)]
    head_lr: Annotated[float, Field(gt=0, lt=1)]
    steps: Positive
    batch_size: Positive
    warmup: Share
    weight_decay: Annotated[float, Field(ge=0)]
    clip: Annotated[float, Field(gt=0)]
    max_length: Annotated[int, Field(ge=64)]
    overlap: Annotated[int, Field(ge=0)]
    peft: Literal["lora"] | None
    lora_r: Positive
    lora_alpha: Positive
    lora_dropout: Annotated[float, Field(ge=0, lt=1)]
    lora_lr: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _usable(self) -> EncoderConfig:
        if not (self.path or self.package or self.name or self.config):
            raise ValueError("an encoder needs a source: give model.path=FOLDER or model=hub model.name=OWNER/MODEL")
        if self.overlap > self.max_length - 64:
            raise ValueError(f"overlap={self.overlap} leaves no room in windows of max_length={self.max_length}")
        return self


class CrfConfig(Strict):
    """``tagger.crf.CrfRecipe``; its defaults are those of model=crf, for a scorer."""

    kind: Literal["crf"]
    c1: Annotated[float, Field(ge=0)] = 0.05
    c2: Annotated[float, Field(ge=0)] = 0.1
    max_iterations: Positive = 100


class GazetteerConfig(Strict):
    """``tagger.gazetteer.GazetteerTagger``; its defaults are those of model=gazetteer, for a scorer."""

    kind: Literal["gazetteer"]
    case: Literal["sensitive", "insensitive"] = "sensitive"


ModelConfig = EncoderConfig | CrfConfig | GazetteerConfig


class IterationConfig(Strict):
    """``loop.Iteration``."""

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
    classes: dict[str, Share] = {}
    quota: Positive | None = None
    schedule: list[Share] = []
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


class TrainerConfig(Strict):
    """``tagger.machine.Machine``."""

    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "bf16-mixed", "32-true"]
    threads: Positive | None
    matmul: Literal["highest", "high"] = "highest"


class StoreConfig(Strict):
    """Where results of steps are kept, and which fits' weights stay when a run has ended (``steps.Steps``)."""

    kind: Literal["none", "disk"]
    dir: str = ".sciner/store"
    weights: Literal["none", "last", "all"] = "last"


class TrackingConfig(Strict):
    """Where runs are logged. uri: an MLflow server or database; none given: ``mlflow.db`` in the working directory."""

    kind: Literal["none", "mlflow"]
    uri: str | None = None
    experiment: str = "sciner"
    save_weights: bool = False


class SearchConfig(Strict):
    """What a run that is a search's trial reports: entity F1 on dev, or on ``folds`` folds of the seed set. The sweeper sets
    the rest; trial is None for a run that is none."""

    objective: Literal["dev", "cross_fit"] = "dev"
    folds: Annotated[int, Field(ge=2)] = 3
    study: str | None = None
    storage: str | None = None
    trial: Annotated[int, Field(ge=0)] | None = None

    @field_validator("objective", mode="before")
    @classmethod
    def _never_test(cls, value: object) -> object:
        if "test" in str(value):
            raise ValueError("test is for the report, nothing is decided on it: give search=dev or search=cross_fit")
        return value


class RunConfig(Strict):
    """One run: a point of a sweep."""

    seed: Seed
    data: DataConfig
    annotator: Annotated[AnnotatorConfig, Field(discriminator="kind")]
    model: Annotated[ModelConfig, Field(discriminator="kind")]
    iteration: IterationConfig
    acquire: AcquireConfig
    threshold: ThresholdConfig
    trainer: TrainerConfig
    store: StoreConfig
    tracking: TrackingConfig
    search: SearchConfig = SearchConfig()

    @model_validator(mode="after")
    def _searchable(self) -> RunConfig:
        if self.search.trial is not None and self.search.objective == "dev" and not Amount.parse(self.data.dev_size).value:
            raise ValueError(
                "a search maximises F1 on dev, and none is bought: give data.dev_size=20% (its gold is charged), "
                "or search=cross_fit (more fits, no more gold)"
            )
        if self.search.trial is not None and self.search.objective == "cross_fit" and self.acquire.kind != "none":
            raise ValueError(
                f"acquire={self.acquire.kind}: every fold would buy sentences of its own that nobody pays for, and "
                "search=cross_fit is for gold that is there: give search=dev data.dev_size=20%"
            )
        return self

    @model_validator(mode="after")
    def _trainable(self) -> RunConfig:
        kind = self.model.kind
        if kind != "encoder" and self.iteration.init == "previous":
            raise ValueError(
                f"iteration.init=previous goes on from weights, and model={kind} begins every fit anew: "
                "give iteration.init=pretrained"
            )
        if kind == "crf" and self.iteration.silver_weight != 1:
            raise ValueError(
                f"iteration.silver_weight={self.iteration.silver_weight:g} means nothing to model=crf, whose "
                "library weighs every sentence alike: leave it at 1"
            )
        return self

    @model_validator(mode="after")
    def _ranked(self) -> RunConfig:
        if self.acquire.kind != "none" and self.data.pool == "unlabelled":
            raise ValueError(
                f"acquire={self.acquire.kind} buys from text whose labels are withheld, and data.pool=unlabelled has none: "
                "give data.pool=both"
            )
        scorer = self.model.kind if self.acquire.scorer == "learner" else self.acquire.scorer
        inside = NEEDS.get(self.acquire.kind, frozenset()) & {"embeddings", "samples"}
        if inside and scorer != "encoder":
            raise ValueError(
                f"acquire={self.acquire.kind} needs {' and '.join(inside)}, and a {scorer} has none: take an encoder, or "
                "acquire=mnlp"
            )
        return self

    @model_validator(mode="after")
    def _resumable(self) -> RunConfig:
        if self.iteration.init == "previous" and self.store.kind == "disk" and self.store.weights == "none":
            raise ValueError(
                "iteration.init=previous starts from the weights of the round before, and store.weights=none drops them: "
                "give store.weights=last"
            )
        return self


def parse(values: Mapping[str, Any]) -> RunConfig:
    """The typed configuration. Raises InputError: one line that names the key and the mend."""
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise refusal.explain(error, RunConfig) from None


def known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that stand under ``loc``. Raises KeyError where that is a value."""
    return refusal.known_keys(RunConfig, loc)
