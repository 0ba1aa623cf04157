"""Keep the weights of a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sciner.store.step import Step, key_of
from sciner.tagger.base import Fitted


@dataclass(frozen=True)
class Weights(Step[Fitted]):
    """The weights of a fit.

    They are a step of their own because they are large: they may be dropped, and the fit repeated.

    Attributes:
        fit: its key.
        trained: provides the tagger whose weights are saved.
        restore: makes a tagger from saved weights.
    """

    NAME = "weights"
    VERSION = 1
    INPUTS: ClassVar = {"fit": ""}
    RESULT = "safetensors and tokenizer"

    fit: str
    trained: Callable[[], Fitted]
    restore: Callable[[Path], Fitted]

    def inputs(self) -> Mapping[str, Any]:
        return {"fit": self.fit}

    def compute(self, folder: Path) -> None:
        self.trained().save(folder)

    def load(self, folder: Path) -> Fitted:
        return self.restore(folder)


def weights_key(fit: str) -> str:
    """The key of the weights of a fit."""
    return key_of(Weights.NAME, Weights.VERSION, {"fit": fit})
