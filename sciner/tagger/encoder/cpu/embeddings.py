"""Word embeddings of the pieces in the training set: only these have a gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class Rows(nn.Module):
    """An embedding of ``pieces`` [N] alone, by the ids of the whole vocabulary.

    Other ids raise IndexError.
    """

    def __init__(self, whole: nn.Embedding, pieces: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(whole.weight.detach()[pieces].clone())  # [N, H]
        row_of = torch.full((whole.num_embeddings,), len(pieces))  # [V]
        row_of[pieces] = torch.arange(len(pieces))
        self.register_buffer("row_of", row_of, persistent=False)
        self.padding = None if whole.padding_idx is None else int(row_of[whole.padding_idx])

    def forward(self, ids: Tensor) -> Tensor:
        return nn.functional.embedding(self.row_of[ids], self.weight, self.padding)  # type: ignore[index]


@contextmanager
def only_rows(model: Any, pieces: Iterable[int]) -> Iterator[None]:
    """Reduce ``model``'s word embeddings to ``pieces`` within the context.

    Afterwards it has the whole vocabulary, with those rows trained. Half of a small encoder's
    parameters are word embeddings. A row without a gradient would only move by weight decay, and
    does not now; every other update is the same, and the optimiser and the gradient's norm cost
    less.
    """
    whole = model.get_input_embeddings()
    if (
        type(whole) is not nn.Embedding
        or not whole.weight.requires_grad
        or whole.max_norm
        or whole.sparse
    ):
        yield  # frozen, or of a kind of its own
        return
    padding = () if whole.padding_idx is None else (whole.padding_idx,)
    kept = torch.tensor(sorted({*pieces, *padding}), device=whole.weight.device)
    rows = Rows(whole, kept)
    model.set_input_embeddings(rows)
    try:
        yield
    finally:
        with torch.no_grad():
            whole.weight[kept] = rows.weight.to(whole.weight.device)
        model.set_input_embeddings(whole)
