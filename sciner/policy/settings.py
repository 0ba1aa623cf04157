"""Types for the settings of policies.

A policy's fields are its settings. The configuration checks them by these types before a run
begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any


@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``low`` to ``high``, both included; None: without an upper end."""

    low: float
    high: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """Tell pydantic the bounds, without importing it in this layer."""
        schema: dict[str, Any] = handler(source)
        ends = {"ge": self.low} if self.high is None else {"ge": self.low, "le": self.high}
        return schema | ends


Share = Annotated[float, Between(0, 1)]
Positive = Annotated[int, Between(1)]
