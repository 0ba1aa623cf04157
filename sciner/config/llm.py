"""``llm``: the language model that annotators, teachers and model=llm ask."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sciner.config.base import Positive, Strict, Weight

Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class NoLlmConfig(Strict):
    """There is none."""

    kind: Literal["none"] = "none"


class PricesConfig(Strict):
    """``tagger.llm.client.Prices``; both or none."""

    prompt: Weight | None
    completion: Weight | None

    @property
    def known(self) -> bool:
        return self.prompt is not None and self.completion is not None


class EndpointConfig(Strict):
    """``tagger.llm.client.Endpoint``, ``tagger.llm.ask.Recipe``, and files of the prompt."""

    kind: Literal["endpoint"]
    base_url: str | None
    name: str | None
    revision: str | None
    api_key_env: str | None
    template: str | None
    guideline: str | None
    demonstrations: Annotated[int, Field(ge=0, le=100)]
    choice: Literal["random", "nearest"]
    samples: Annotated[int, Field(ge=1, le=50)]
    temperature: Annotated[float, Field(ge=0, le=2)]
    max_tokens: Positive
    structured: Literal["json_schema", "json_object", "none"]
    prices: PricesConfig
    max_cost: Amount | None
    concurrency: Annotated[int, Field(ge=1, le=256)]
    timeout: Amount
    retries: Annotated[int, Field(ge=0, le=20)]

    @model_validator(mode="after")
    def _askable(self) -> EndpointConfig:
        if not self.base_url:
            raise ValueError(
                "there is no endpoint: give llm.base_url=URL, such as http://localhost:8080/v1"
            )
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(
                f"base_url={self.base_url} is not an address: it must begin with http:// or https://"
            )
        if not self.name:
            raise ValueError("there is no model: give llm.name=NAME, as the endpoint lists it")
        # a key has small letters or dashes; one that is given here is not shown
        if self.api_key_env is not None and not re.fullmatch("[A-Z_][A-Z0-9_]*", self.api_key_env):
            raise ValueError(
                "api_key_env is the name of the variable that holds the key, in capitals, such as "
                "OPENAI_API_KEY, and not the key itself"
            )
        if self.max_cost is not None and not self.prices.known:
            raise ValueError(
                f"max_cost={self.max_cost:g} needs prices: give "
                "'llm.prices={prompt: 0.15, completion: 0.6}', for a million tokens"
            )
        if not self.prices.known and self.prices != PricesConfig(prompt=None, completion=None):
            raise ValueError("only one of prices.prompt and prices.completion is given: give both")
        if self.samples > 1 and not self.temperature:
            raise ValueError(
                f"samples={self.samples} at temperature=0 are all the same: give "
                "llm.temperature=0.7, or llm.samples=1"
            )
        return self


LlmConfig = NoLlmConfig | EndpointConfig
