"""What makes a fit cheaper changes nothing that it learns."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForTokenClassification

from sciner.tagger.encoder.cpu.dropout import ByteDropout, cheap_dropout
from sciner.tagger.encoder.cpu.embeddings import only_rows


def small_bert(**changes: float) -> BertForTokenClassification:
    torch.manual_seed(0)
    size = {
        "vocab_size": 50,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    return BertForTokenClassification(BertConfig(**size, **changes, num_labels=3))


def step(net: nn.Module, ids: torch.Tensor) -> None:
    """Three optimiser steps, clipped, without the weight decay that alone would move unused
    rows."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.0)
    for _ in range(3):
        optimiser.zero_grad()
        net(input_ids=ids, labels=ids % 3).loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        optimiser.step()


def test_training_only_the_rows_in_use_trains_the_same_weights():
    whole = small_bert(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    part, ids = copy.deepcopy(whole), torch.tensor([[2, 7, 7, 49], [2, 11, 0, 0]])
    step(whole, ids)
    with only_rows(part, ids.flatten().tolist()):
        assert part.get_input_embeddings().weight.shape == (5, 16)
        step(part, ids)
    assert part.get_input_embeddings().weight.shape == (50, 16)
    for (name, expected), found in zip(whole.named_parameters(), part.parameters(), strict=True):
        torch.testing.assert_close(found, expected, msg=name)


def test_rows_that_are_not_in_use_stay_as_they_were():
    net = small_bert()
    before = net.get_input_embeddings().weight.detach().clone()
    ids = torch.tensor([[2, 7, 9, 3]])
    with only_rows(net, ids.flatten().tolist()):
        step(net, ids)
    after = net.get_input_embeddings().weight.detach()
    moved = (after != before).any(dim=1).nonzero().flatten().tolist()
    assert moved == [2, 3, 7, 9]


def test_a_piece_that_was_not_announced_is_an_error_and_no_wrong_row():
    net = small_bert()
    with only_rows(net, [2, 3]), pytest.raises(IndexError):
        net(input_ids=torch.tensor([[2, 4]]))


def test_frozen_embeddings_are_left_alone():
    net = small_bert()
    net.get_input_embeddings().weight.requires_grad_(False)
    own = net.get_input_embeddings()
    with only_rows(net, [2, 3]):
        assert net.get_input_embeddings() is own


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(p: float):
    torch.manual_seed(0)
    x = torch.ones(100_003)
    y = ByteDropout(p)(x)
    zeros = float((y == 0).float().mean())
    assert zeros == pytest.approx(round(256 * p) / 256, abs=0.005)  # five standard errors
    assert float(y.mean()) == pytest.approx(1.0, abs=0.02)
    assert len(y.unique()) == 2


def test_dropped_places_have_no_gradient_and_neighbours_are_independent():
    torch.manual_seed(0)
    x = torch.ones(80_000, requires_grad=True)
    y = ByteDropout(0.5)(x)
    y.sum().backward()
    assert torch.equal(x.grad == 0, y == 0)
    bits = (y.detach() == 0).float().view(-1, 8)  # the eight values of one draw
    correlations = torch.corrcoef(bits.T) - torch.eye(8)
    assert correlations.abs().max() < 0.05


def test_dropout_derives_from_torchs_seed_and_is_off_in_eval():
    torch.manual_seed(3)
    first = ByteDropout(0.1)(torch.ones(64))
    torch.manual_seed(3)
    assert torch.equal(ByteDropout(0.1)(torch.ones(64)), first)
    x = torch.randn(64)
    assert ByteDropout(0.5).eval()(x) is x


def test_the_net_has_its_own_dropout_back_afterwards():
    net = small_bert().train()
    own = [m for m in net.modules() if type(m) is nn.Dropout]
    with cheap_dropout(net):
        assert {type(m) for m in net.modules() if isinstance(m, nn.Dropout)} == {ByteDropout}
        net.eval()
    found = [m for m in net.modules() if type(m) is nn.Dropout]
    assert found == own
    assert not any(m.training for m in found)
