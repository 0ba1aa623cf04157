from __future__ import annotations

import pytest
import torch
from torch import nn

from sciner.tagger.encoder.ema import MovingAverage


def test_an_average_by_hand() -> None:
    """Of 0, then 10 and 20: the first step keeps 1/10 of what was, the second 2/11."""
    weight = nn.Parameter(torch.zeros(2))
    frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    average = MovingAverage([weight, frozen], decay=0.9)
    for value in (10.0, 20.0):
        weight.data.fill_(value)
        average.update()
    average.apply()
    assert weight.tolist() == pytest.approx([9 * 2 / 11 + 20 * 9 / 11] * 2)
    assert frozen.tolist() == [1.0]


def test_a_decay_bounds_what_stays() -> None:
    weight = nn.Parameter(torch.zeros(1))
    average = MovingAverage([weight], decay=0.5)
    weight.data.fill_(8.0)
    for _ in range(20):
        average.update()
    weight.data.fill_(0.0)
    average.update()
    average.apply()
    assert weight.item() == pytest.approx(4, abs=1e-3)


def test_weights_that_moved_meanwhile_are_the_ones_that_are_averaged() -> None:
    """A fit moves the model to its GPU after the average was made: parameters get new storage."""
    layer, other = nn.Linear(2, 2), nn.Linear(2, 2)
    other.load_state_dict(layer.state_dict())
    averages = [MovingAverage(one.parameters(), decay=0.9) for one in (layer, other)]
    other._apply(torch.clone)
    for one, average in zip((layer, other), averages, strict=True):
        one.weight.data.fill_(10.0)
        average.update()
        one._apply(torch.clone)
        average.apply()
    assert torch.equal(layer.weight, other.weight) and not layer.weight.eq(10.0).any()
