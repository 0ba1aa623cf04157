"""Low-rank adapters (LoRA, arXiv 2106.09685): a fit trains them and the head.

What it leaves is a plain model.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from sciner.errors import InputError
from sciner.tagger.encoder.weights import HEADS

OWN_TARGETS = {"modernbert": ["Wqkv"]}  # query, key and value in one matrix; peft names none


@dataclass(frozen=True, slots=True)
class Lora:
    """Settings of the adapters.

    Attributes:
        r: rank.
        alpha: the adapters' output is scaled by alpha / r.
        dropout: on their input.
        lr: peak learning rate of adapters and head.

    Raises:
        InputError: peft is not installed.
    """

    r: int
    alpha: int
    dropout: float
    lr: float

    def __post_init__(self) -> None:
        if importlib.util.find_spec("peft") is None:
            raise InputError(
                "model.peft=lora needs the package peft", hint="pip install 'sciner[peft]'"
            )

    @contextmanager
    def adapted(self, model: Any) -> Iterator[None]:
        """Train only adapters and head of ``model`` within the context; then merge the adapters.

        So what is saved, copied or started from (init=previous) is a plain model: it loads without
        peft, and the next fit puts new adapters on the merged weights. Their initial values come
        from torch's global generator.
        """
        from peft import LoraConfig, LoraModel

        config = LoraConfig(
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=targets(model),
        )
        adapters = LoraModel(model, config, "default")
        for name, parameter in model.named_parameters():
            if name.startswith(HEADS):
                parameter.requires_grad_(True)
        try:
            yield
        finally:
            adapters.merge_and_unload()
            model.requires_grad_(True)


def targets(model: Any) -> list[str]:
    """The linear layers that get adapters.

    They are the family's attention projections or, for an unknown family, all but the head.
    """
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and not name.startswith(HEADS)
    ]
    ends = (OWN_TARGETS | KNOWN).get(model.config.model_type, [])
    return [name for name in linear if name.rpartition(".")[2] in ends] or linear
