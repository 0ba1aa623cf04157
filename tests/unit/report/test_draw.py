"""Figures are drawn by other processes, and come out as they were made."""

from __future__ import annotations

import pickle

import pytest
from matplotlib.transforms import Affine2D, TransformNode

from sciner.report.draw import keep_transforms_linked


def test_a_pickled_transform_knows_those_that_depend_on_it_by_their_new_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By an old one, a new transform could push another out of the list."""
    monkeypatch.setattr(TransformNode, "__setstate__", TransformNode.__setstate__)
    keep_transforms_linked()
    scale = Affine2D()
    both = scale, scale + Affine2D().translate(1, 0)
    restored, moved = pickle.loads(pickle.dumps(both))
    assert list(restored._parents) == [id(moved)]
    assert moved.transform((1, 0)).tolist() == [2, 0]
    restored.scale(10)
    assert moved.transform((1, 0)).tolist() == [11, 0]
    del moved
    assert not restored._parents
