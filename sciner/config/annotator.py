"""``annotator``: who labels what is bought, how well, at what cost."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from sciner.config.base import ByClass, Seed, Share, Strict, Weight
from sciner.errors import nearest
from sciner.policy.annotator import Adjudicate
from sciner.policy.noise import ERROR_KINDS


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
    """``policy.noise.Noise``.

    Without ``rates``, all classes have ``rate``; without ``seed``, it is the run's.
    """

    rate: Share
    rates: ByClass | None
    kinds: dict[str, Weight]
    seed: Seed | None

    @field_validator("kinds")
    @classmethod
    def _some(cls, value: dict[str, float]) -> dict[str, float]:
        if stray := sorted(value.keys() - set(ERROR_KINDS)):
            raise ValueError(
                f"{stray[0]!r} is not a kind of error; {nearest(stray[0], ERROR_KINDS)}"
            )
        if not any(value.values()):
            raise ValueError(
                "all weights are 0: for an annotator without errors give annotator=perfect"
            )
        return value


class NoisyConfig(NoiseConfig):
    """``policy.annotator.SimulatedAnnotator`` with noise."""

    kind: Literal["noisy"]


class TwoAnnotatorsConfig(NoiseConfig):
    """``policy.annotator.TwoAnnotators``, both of the same rates."""

    kind: Literal["two_annotators"]
    adjudicate: Adjudicate


class LlmAnnotatorConfig(PaidConfig):
    """``tagger.llm.annotator.LlmAnnotator``. cost: of the people who label the seed set."""

    kind: Literal["llm"]
    seed_set: Literal["people", "llm"]

    @model_validator(mode="after")
    def _unassisted(self) -> LlmAnnotatorConfig:
        if self.assist:
            raise ValueError(
                "assist=true lets people start from the tagger's spans, and a language model "
                "labels by itself: give annotator.assist=false"
            )
        return self


class PeopleConfig(PaidConfig):
    """``policy.people.People``.

    format: in which a batch is written. adjudicate: None for one person a sentence.
    """

    kind: Literal["people"]
    format: str
    adjudicate: Adjudicate | None

    @field_validator("format")
    @classmethod
    def _writable(cls, value: str) -> str:
        from sciner.text.formats.exchange.base import EXCHANGES

        known = [
            name
            for name, exchange in EXCHANGES.items()
            if exchange.write and {"ids", "unlabelled"} <= exchange.holds
        ]
        if value not in known:
            why = (
                "keeps no ids of unlabelled sentences" if value in EXCHANGES else "is not a format"
            )
            raise ValueError(f"{value} {why}; {nearest(value, known)}")
        EXCHANGES[value].check_installed()
        return value


AnnotatorConfig = (
    PerfectConfig | NoisyConfig | TwoAnnotatorsConfig | LlmAnnotatorConfig | PeopleConfig
)
