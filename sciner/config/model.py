"""``model`` and ``trainer``: what is trained and annotates, and on which device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from sciner.config.base import Positive, Share, Strict
from sciner.tagger import crf, encoder, gazetteer, llm
from sciner.tagger.base import Capabilities


class EncoderConfig(Strict):
    """An encoder's source and its training configuration.

    See ``tagger.encoder.source.Source``, ``tagger.encoder.module.TrainingConfig`` and, with
    peft=lora, ``tagger.encoder.lora.Lora``, whose keys begin with lora_.
    """

    capabilities: ClassVar[Capabilities] = encoder.CAPABILITIES
    kind: Literal["encoder"]
    name: str | None
    revision: str
    path: str | None
    package: str | None
    sha256: str | None
    weights_format: Literal["safetensors", "torch"]
    config: dict[str, int | float] | None
    lr: Annotated[float, Field(gt=0, lt=1)]
    head_lr: Annotated[float, Field(gt=0, lt=1)]
    steps: Positive
    batch_size: Positive
    warmup: Share
    weight_decay: Annotated[float, Field(ge=0)]
    clip: Annotated[float, Field(gt=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
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
            raise ValueError(
                "an encoder needs a source: give model.path=FOLDER or model=hub "
                "model.name=OWNER/MODEL"
            )
        if self.overlap > self.max_length - 64:
            raise ValueError(
                f"overlap={self.overlap} leaves no room in windows of max_length={self.max_length}"
            )
        return self


class CrfConfig(Strict):
    """``tagger.crf.crf.CrfTrainingConfig``; its defaults are those of model=crf, for a scorer."""

    capabilities: ClassVar[Capabilities] = crf.CAPABILITIES
    kind: Literal["crf"]
    c1: Annotated[float, Field(ge=0)] = 0.05
    c2: Annotated[float, Field(ge=0)] = 0.1
    max_iterations: Positive = 100


class GazetteerConfig(Strict):
    """``tagger.gazetteer.gazetteer.GazetteerTagger``; defaults as model=gazetteer, for a scorer."""

    capabilities: ClassVar[Capabilities] = gazetteer.CAPABILITIES
    kind: Literal["gazetteer"]
    case: Literal["sensitive", "insensitive"] = "sensitive"


class LlmModelConfig(Strict):
    """``tagger.llm.tagger.LlmTagger``; its settings are those of ``llm``."""

    capabilities: ClassVar[Capabilities] = llm.CAPABILITIES
    kind: Literal["llm"]


ModelConfig = EncoderConfig | CrfConfig | GazetteerConfig | LlmModelConfig
SCORERS: Mapping[str, type[CrfConfig | GazetteerConfig]] = {
    "crf": CrfConfig,
    "gazetteer": GazetteerConfig,
}


class TrainerConfig(Strict):
    """``tagger.encoder.device.Device``."""

    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "bf16-mixed", "32-true"]
    threads: Positive | None
    matmul: Literal["highest", "high"] = "highest"
