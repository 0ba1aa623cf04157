"""Exponential moving average of weights during training (Tarvainen & Valpola 2017, section 2)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class MovingAverage:
    """Averages ``parameters``, step by step.

    decay: how much of the average stays at each step, in (0, 1); less at first, so that the first
    steps are soon forgotten.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self.parameters: list[Tensor] = [p.detach() for p in parameters if p.requires_grad]
        self.decay, self.steps = decay, 0
        self.averages = [p.clone() for p in self.parameters]

    def update(self) -> None:
        """Take in the weights as they are now."""
        self.steps += 1
        stays = min(self.decay, self.steps / (self.steps + 9))
        torch._foreach_lerp_(self.averages, self.parameters, 1 - stays)

    def apply(self) -> None:
        """Give the parameters their averages."""
        torch._foreach_copy_(self.parameters, self.averages)
