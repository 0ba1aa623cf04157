"""What all sections have in common, and the types of their numbers."""

from __future__ import annotations

from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def by_class(value: object) -> object:
    """A mapping whose keys are classes; as text too, which Hydra's grammar needs for some names.

    Hydra has no keys with accents or parentheses, and a class may be called 123.
    """
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ValueError(f"{value} is not a mapping: write it '{{CLASS: 0.6}}'") from None
    if isinstance(value, dict):
        return {str(key) if type(key) is int else key: number for key, number in value.items()}
    return value


ByClass = Annotated[dict[str, Share], BeforeValidator(by_class)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Strict(BaseModel):
    """A section: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
