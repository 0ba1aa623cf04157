"""A fit's attention is torch's attention, with dropout that costs less."""

from __future__ import annotations

import pytest
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from sciner.tagger.encoder.cpu import attention
from sciner.tagger.encoder.cpu.attention import NAME, lean_attention, lean_attention_in
from tests.unit.tagger.encoder.cpu.test_cpu import small_bert

IDS = torch.tensor([[2, 7, 9, 3], [2, 11, 0, 0]])
MASK = (IDS != 0).long()
NEVER = 1e-9  # a dropout that rounds to none


def parts() -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, 3, 4, 5, requires_grad=True) for _ in range(3)]


@pytest.mark.parametrize(
    "mask", [None, MASK[:, None, None, :].bool().expand(2, 1, 4, 4)], ids=["whole", "padded"]
)
def test_without_dropout_it_is_torchs_attention_and_gradient(mask: torch.Tensor | None):
    results = []
    for attend, dropout in ((lean_attention, NEVER), (sdpa_attention_forward, 0.0)):
        inputs = parts()
        output, _ = attend(
            torch.nn.Identity(), *inputs, mask, dropout=dropout, scaling=0.3, is_causal=False
        )
        output.square().sum().backward()
        results.append([output, *(x.grad for x in inputs)])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


def test_dropout_keeps_the_mean_of_what_is_attended_to():
    torch.manual_seed(0)
    # every piece attends evenly to all
    query, key = torch.zeros(1, 1, 400, 2), torch.zeros(1, 1, 400, 2)
    output, _ = lean_attention(
        torch.nn.Identity(), query, key, torch.ones(1, 1, 400, 1), None, dropout=0.5
    )
    assert output.mean() == pytest.approx(1.0, abs=0.02)
    assert output.std() > 0.01


def test_a_padded_piece_is_never_attended_to():
    query, key, value = parts()
    value = value.detach().clone()
    mask = MASK[:, None, None, :].bool().expand(2, 1, 4, 4)
    before, _ = lean_attention(torch.nn.Identity(), query, key, value, mask, dropout=NEVER)
    value[1, :, 2:] = 1e6
    after, _ = lean_attention(torch.nn.Identity(), query, key, value, mask, dropout=NEVER)
    assert torch.equal(before, after)


def test_on_another_device_it_is_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit moves to its GPU after the attention was chosen, and its bytes are drawn on the CPU."""
    asked: list[float] = []

    def attend(*given: object, dropout: float, **more: object) -> tuple[torch.Tensor, None]:
        asked.append(dropout)
        return torch.empty(0), None

    monkeypatch.setattr(attention, "sdpa_attention_forward", attend)
    inputs = [part.to("meta") for part in parts()]
    lean_attention(torch.nn.Identity(), *inputs, None, dropout=0.1)
    assert asked == [0.1]


def test_what_it_does_not_know_is_left_to_torch():
    query, key, value = parts()
    bias = torch.full((1, 3, 4, 4), -1e9)
    bias[..., 0] = 0  # all look at the first piece
    output, _ = lean_attention(
        torch.nn.Identity(),
        query,
        key,
        value,
        None,
        dropout=NEVER,
        position_bias=bias,
        is_causal=False,
    )
    torch.testing.assert_close(output, value[:, :, :1].expand(2, 3, 4, 5).transpose(1, 2))


def test_the_net_attends_as_before_behind_a_fit():
    net = small_bert().train()
    with lean_attention_in(net):
        assert net.config._attn_implementation == NAME
        net(input_ids=IDS, attention_mask=MASK).logits.sum().backward()
    assert net.config._attn_implementation == "sdpa"
    eager = small_bert()
    eager.set_attn_implementation("eager")
    with lean_attention_in(eager):
        assert eager.config._attn_implementation == "eager"
