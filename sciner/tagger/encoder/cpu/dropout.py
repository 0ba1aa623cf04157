"""Dropout from random bytes.

torch draws a float for every value on the CPU, a seventh of a fit's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class ByteDropout(nn.Dropout):
    """Dropout by ``drop`` on a CPU."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        # a fit puts the model on its GPU after this layer was put into it
        if input.device.type != "cpu":
            return super().forward(input)
        return drop(input, self.p)


def drop(values: Tensor, p: float) -> Tensor:
    """Zero each of ``values`` on a CPU with probability ``p``; scale the others accordingly.

    The probability is rounded to 1/256 (0.1 is 26/256). Eight values share one draw of 64 bits from
    torch's global generator.
    """
    dropped = min(round(256 * p), 255)
    if dropped == 0:
        return values
    words = torch.empty(-(-values.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.uint8)[: values.numel()].view(values.shape) >= dropped
    return values * (kept * torch.tensor(256 / (256 - dropped), dtype=values.dtype))


@contextmanager
def cheap_dropout(model: nn.Module) -> Iterator[None]:
    """Within, ``model`` on a CPU drops out by ByteDropout; behind, it has its own modules back."""
    own: list[tuple[nn.Module, str, nn.Dropout]] = []
    if next(model.parameters()).device.type == "cpu":
        own = [
            (parent, name, child)
            for parent in model.modules()
            for name, child in parent.named_children()
            if isinstance(child, nn.Dropout) and child.p < 1
        ]
    try:
        for parent, name, child in own:
            setattr(parent, name, ByteDropout(child.p).train(child.training))
        yield
    finally:
        for parent, name, child in own:
            setattr(parent, name, child.train(model.training))
