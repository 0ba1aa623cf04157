"""Order all candidates by a strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sciner.policy.acquisition.base import Evidence, Strategy
from sciner.policy.diversity import Order
from sciner.text.corpus import Sentence


def rank(
    strategy: Strategy,
    candidates: Sequence[Sentence],
    evidence: Evidence,
    *,
    count: int,
    seed: int,
    round: int,
) -> Order:
    """Order the candidates, best first.

    Ties are broken by a permutation of the ids drawn from (``seed``, ``round``). Positions or the
    alphabet would group documents of one year or venue. So the candidates' own order does not
    matter.

    Args:
        strategy: scores the candidates.
        candidates: sentences without labels.
        evidence: what the strategy needs.
        count: about how many of them will be bought.
        seed, round: of the permutation.

    Returns:
        [candidates], positions.
    """
    if not candidates:
        return np.zeros(0, dtype=np.int64)
    rng = np.random.default_rng((seed, round))
    by_id = np.array(sorted(range(len(candidates)), key=lambda i: candidates[i].id), dtype=np.int64)
    tie_break = np.empty(len(candidates), dtype=np.int64)
    tie_break[by_id] = rng.permutation(len(candidates))
    drawn = int(rng.integers(2**31))
    scores = strategy.scores(
        replace(
            evidence,
            candidates=candidates,
            count=count,
            by_id=by_id,
            tie_break=tie_break,
            seed=drawn,
        )
    )
    return np.lexsort((tie_break, -scores))
