"""What an encoder on a CPU passes from layer to layer, in bf16 where autocast multiplies in it.

Autocast on a CPU leaves the sums between products in float32 and casts them anew for every product:
a tenth of a fit. Layer norms compute in float32 whatever they read; weights, gradients and the
optimiser's state stay float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.hooks import RemovableHandle


def narrow(model: Any) -> RemovableHandle | None:
    """Make ``model`` continue in bf16 after its embeddings, under autocast on a CPU.

    Returns:
        A handle that undoes it; None for a model without a layer of embeddings, which stays as it
        is.
    """
    embeddings = getattr(model.base_model, "embeddings", None)
    return None if embeddings is None else embeddings.register_forward_hook(in_bf16)


def in_bf16(_module: Any, _read: Any, made: Any) -> Any:
    """Cast what a module made to bf16, under autocast."""
    if torch.is_tensor(made) and made.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        return made.to(torch.get_autocast_dtype("cpu"))
    return made


@contextmanager
def narrow_stream(model: Any) -> Iterator[None]:
    """Within, ``model`` is ``narrow``."""
    handle = narrow(model)
    try:
        yield
    finally:
        if handle is not None:
            handle.remove()
