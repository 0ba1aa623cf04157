"""Attention of a fit on a CPU, in the fit's precision and with dropout from random bytes.

With dropout, torch's own attention computes in float32 on a CPU and draws a float for every weight:
a fifth of a fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from sciner.tagger.encoder.cpu.dropout import drop

NAME = "sciner_lean"  # among transformers' kinds of attention
# what an encoder may want beside plain attention
SPECIAL = ("position_bias", "softcap", "s_aux", "cache")


def lean_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """softmax(QK'/sqrt(d)) V with dropout on the softmax.

    Args:
        module: the attention layer.
        query, key, value: [B, heads, T, d].
        attention_mask: bool [B, 1, T, T], False where a piece is not attended to.
        dropout: probability.
        scaling: in place of 1/sqrt(d).
        more: what else transformers passes.

    Returns:
        [B, T, heads, d], and None for the weights.
    """
    causal = more.get("is_causal", getattr(module, "is_causal", False))
    plain = (
        query.device.type == "cpu"  # a fit moves to its GPU after this attention was set
        and not causal
        and key.shape[1] == query.shape[1]
        and all(more.get(name) is None for name in SPECIAL)
    )
    if not dropout or not plain:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    scores = (query * (scaling or query.shape[-1] ** -0.5)) @ key.transpose(2, 3)
    if attention_mask is not None:
        barred = torch.zeros_like(attention_mask, dtype=scores.dtype)
        scores += barred.masked_fill_(~attention_mask, torch.finfo(scores.dtype).min)
    shares = drop(scores.softmax(-1), dropout)
    return (shares.to(value.dtype) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, lean_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)


@contextmanager
def lean_attention_in(model: Any) -> Iterator[None]:
    """Make ``model`` on a CPU use ``lean_attention`` within the context, if it uses torch's."""
    own = model.config._attn_implementation
    lean = own == "sdpa" and next(model.parameters()).device.type == "cpu"
    if lean:
        model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        if lean:
            model.set_attn_implementation(own)
