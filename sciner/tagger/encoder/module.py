"""The token classifier as a LightningModule."""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from sciner.tagger.encoder.cpu.bf16 import narrow


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a fit is done: the same number of steps, whatever the size of its training set.

    Attributes:
        lr, head_lr: peak learning rates of the encoder and of the classification head.
        steps: optimiser steps.
        batch_size: mean number of sentences per step.
        warmup: share of the steps in which the rate rises linearly; then it falls linearly to 0.
        weight_decay: of all matrices.
        clip: gradient norm.
        max_length, overlap: pieces of a window, and pieces that neighbouring windows share.
        label_smoothing: share of each target that is spread evenly over all tags, in [0, 1).
        gold_share: of the windows that an epoch shows, how many are gold on average; None: gold and
            silver as they are.
        finish_steps: of a last stage on gold alone; None: there is none.
        ema: decay of a moving average of the weights; None: there is none.
    """

    lr: float
    head_lr: float
    steps: int
    batch_size: int
    warmup: float
    weight_decay: float
    clip: float
    max_length: int
    overlap: int
    label_smoothing: float = 0.0
    gold_share: float | None = None
    finish_steps: int | None = None
    ema: float | None = None

    def identity(self) -> dict[str, Any]:
        """The settings as inputs of a key.

        A setting that was added later is left out at its default, so that earlier keys stay.
        """
        given = ((field, getattr(self, field.name)) for field in fields(self))
        return {field.name: value for field, value in given if value != field.default}


class TokenClassifier(pl.LightningModule):
    """``model`` (AutoModelForTokenClassification) read at each word's first piece."""

    def __init__(self, model: nn.Module, config: TrainingConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def on_fit_start(self) -> None:
        # from_pretrained returns eval mode and Lightning >= 2.2 keeps it: without this, fine-tuning
        # has no dropout
        self.model.train()

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Logits of each word, [B, W, tags] in float32.

        bf16 logits have 8 bits, too few to distinguish 0.99 from 0.999.
        """
        # [B, T, K]
        logits: Tensor = self.model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).logits
        index = batch["firsts"].unsqueeze(-1).expand(-1, -1, logits.shape[-1])
        words: Tensor = logits.gather(1, index)
        return words.float()

    def training_step(self, batch: dict[str, Tensor], _: int) -> Tensor:
        """Weighted cross-entropy per word.

        The sum is divided by the number of unmasked words, not by their weights: a batch of silver
        alone must not count as much as a batch of gold.
        """
        weights = batch["weights"]
        if "distributions" in batch:
            targets = batch["distributions"].flatten(0, 1)
        else:
            targets = batch["tags"].flatten()
        losses = nn.functional.cross_entropy(
            self(batch).flatten(0, 1),
            targets,
            reduction="none",
            label_smoothing=self.config.label_smoothing,
        )
        return (losses * weights.flatten()).sum() / (weights > 0).sum().clamp(min=1)

    def predict_step(self, batch: dict[str, Tensor], _: int) -> Tensor:
        """Label distributions [B, W, tags]."""
        logits: Tensor = self(batch)
        return logits.softmax(-1)

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        # Lightning's own clipping refuses fused optimisers under mixed precision, though bf16 needs
        # no unscaling
        nn.utils.clip_grad_norm_(self.parameters(), self.config.clip)

    def configure_optimizers(self) -> Any:
        config = self.config
        head = {
            id(p)
            for name, p in self.model.named_parameters()
            if name.startswith(("classifier", "score"))
        }
        groups = []
        for in_head, lr in ((False, config.lr), (True, config.head_lr)):
            for decayed in (False, True):
                members = [
                    p
                    for p in self.model.parameters()
                    if (id(p) in head) == in_head and (p.ndim > 1) == decayed
                ]
                groups.append(
                    {
                        "params": members,
                        "lr": lr,
                        "weight_decay": config.weight_decay if decayed else 0.0,
                    }
                )
        optimizer = torch.optim.AdamW([g for g in groups if g["params"]], fused=True)
        warm = max(1, round(config.warmup * config.steps))

        def factor(step: int) -> float:
            return min(
                (step + 1) / warm, max(0.0, (config.steps - step) / max(1, config.steps - warm))
            )

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def narrowed(model: nn.Module) -> nn.Module:
    """Copy ``model`` for predictions under autocast on a CPU.

    The weights of its linear layers are in bf16, as is what it passes from layer to layer
    (``cpu.bf16``); all other weights are shared. Autocast's cache of cast weights does not work in
    inference mode: it would cast every weight anew for every batch.
    """
    linear = [
        p
        for module in model.modules()
        if isinstance(module, nn.Linear)
        for p in module.parameters(recurse=False)
    ]
    memo: dict[int, Any] = {id(t): t for t in (*model.parameters(), *model.buffers())}
    memo |= {
        id(p): nn.Parameter(p.detach().to(torch.bfloat16), requires_grad=False) for p in linear
    }
    twin: nn.Module = copy.deepcopy(model, memo)
    narrow(twin)
    return twin
