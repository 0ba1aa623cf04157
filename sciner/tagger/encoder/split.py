"""A fit on a CPU whose batches are computed in two halves, each by a thread of its own.

The threads of one operation meet behind each of its products, which are too small to be shared,
and wait there for the slower one. Two halves meet twice a step: they fill two cores, and lose
little beside other work.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sciner.tagger.encoder.cpu.dropout import GENERATOR
from sciner.tagger.encoder.device import HALVES, Device
from sciner.tagger.encoder.module import TokenClassifier, TrainingConfig, unmasked

Batch = dict[str, Tensor]


@contextmanager
def classifier_for(
    model: nn.Module, config: TrainingConfig, device: Device
) -> Iterator[TokenClassifier]:
    """What trains ``model``: a SplitClassifier where ``device`` computes a batch in halves."""
    if not device.halves_batches():
        yield TokenClassifier(model, config)
        return
    with ThreadPoolExecutor(HALVES, "half") as pool:
        yield SplitClassifier(model, config, device.fit_threads() // HALVES, pool)


class SplitClassifier(TokenClassifier):
    """A TokenClassifier that computes the halves of a batch side by side, to the same loss.

    A fit can be repeated: gradients are summed in a fixed order, and each half drops out by a
    generator of its own, seeded from torch's global one. A model that draws from the global one
    while it computes is not split; the first step finds out.

    threads: of each half. pool: where halves are computed.
    """

    def __init__(
        self, model: nn.Module, config: TrainingConfig, threads: int, pool: ThreadPoolExecutor
    ) -> None:
        super().__init__(model, config)
        # tuples: torch looks for no parameters in them
        self.halves = (self, TokenClassifier(twin_of(model), config))
        seeds = torch.randint(2**62, (HALVES,)).tolist()
        self.generators = tuple(torch.Generator().manual_seed(seed) for seed in seeds)
        self.threads, self.pool = threads, pool
        self.apart: bool | None = None  # does the model draw from nothing that halves share?
        self.losses: list[Tensor] = []  # of the halves of this step

    def on_fit_start(self) -> None:
        for half in self.halves:
            half.model.train()

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """As a TokenClassifier's. Of halves it returns the number alone: ``backward`` starts from
        their own losses."""
        self.losses = []
        if self.apart is not False and len(batch["weights"]) >= HALVES:
            self.losses = self.losses_of_halves(batch)
        if not self.losses:
            return super().training_step(batch, index)
        return torch.stack([loss.detach() for loss in self.losses]).sum().requires_grad_()

    def losses_of_halves(self, batch: Batch) -> list[Tensor]:
        """Each half's part of the loss of ``batch``; none where the model cannot be split."""
        words, mixed = unmasked(batch), torch.is_autocast_enabled("cpu")
        dtype = torch.get_autocast_dtype("cpu")

        def forward(half: int) -> Tensor:
            torch.set_num_threads(self.threads)
            GENERATOR.set(self.generators[half])
            part = {name: tensor.chunk(HALVES)[half] for name, tensor in batch.items()}
            with torch.autocast("cpu", dtype, enabled=mixed):
                return self.halves[half].loss(part, words)

        if self.apart is None:
            before = torch.get_rng_state()
            losses = [self.pool.submit(forward, half).result() for half in range(HALVES)]
            self.apart = torch.equal(torch.get_rng_state(), before)
            return losses if self.apart else []
        return list(self.pool.map(forward, range(HALVES)))

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        if not self.losses:
            super().backward(loss, *args, **kwargs)
            return
        list(self.pool.map(torch.autograd.backward, self.losses))
        whole, twin = (half.parameters() for half in self.halves)
        for parameter, other in zip(whole, twin, strict=True):
            if other.grad is not None:
                assert parameter.grad is not None
                parameter.grad += other.grad
                other.grad = None


def twin_of(model: nn.Module) -> Any:
    """``model`` once more, with the same weights in memory and gradients of its own."""
    memo: dict[int, Any] = {id(t): t for t in model.buffers()}
    memo |= {
        id(p): nn.Parameter(p.detach(), requires_grad=p.requires_grad) for p in model.parameters()
    }
    return copy.deepcopy(model, memo)
