from __future__ import annotations

import numpy as np
import pytest

from sciner.score.temperature import fit_temperature


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_tags_were_drawn_at_is_found(true: float) -> None:
    """Tags are drawn from softmax(logits / true), and the tagger says softmax(logits)."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 4))
    said, drawn_from = (
        np.exp(logits / t) / np.exp(logits / t).sum(1, keepdims=True) for t in (1.0, true)
    )
    tags = (drawn_from.cumsum(1) > rng.random((20_000, 1))).argmax(1)
    halves = [(said[i : i + 50].astype(np.float16), tags[i : i + 50]) for i in range(0, 20_000, 50)]
    assert fit_temperature(halves) == pytest.approx(true, rel=0.1)


def test_without_tokens_nothing_is_changed() -> None:
    assert fit_temperature([(np.zeros((0, 3), np.float16), np.zeros(0, np.int64))]) == 1.0
