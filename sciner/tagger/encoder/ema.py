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
        self.parameters = [p for p in parameters if p.requires_grad]
        self.decay, self.steps = decay, 0
        self.averages = [p.detach().clone() for p in self.parameters]

    def update(self) -> None:
        """Take in the weights as they are now."""
        self.steps += 1
        stays = min(self.decay, self.steps / (self.steps + 9))
        torch._foreach_lerp_(*self._both(), 1 - stays)

    def apply(self) -> None:
        """Give the parameters their averages."""
        averages, weights = self._both()
        torch._foreach_copy_(weights, averages)

    def _both(self) -> tuple[list[Tensor], list[Tensor]]:
        """Averages and weights, on one device: a fit moves the weights to a GPU and back."""
        weights = [p.data for p in self.parameters]
        self.averages = [a.to(w.device) for a, w in zip(self.averages, weights, strict=True)]
        return self.averages, weights
