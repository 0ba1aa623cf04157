"""How long it takes to score a million tokens."""

from __future__ import annotations

import time
from typing import Any


def score() -> dict[str, Any]:
    """Seconds of evaluating a million tokens: scierc test, many times, beside slightly wrong
    predictions of itself."""
    import numpy as np

    from sciner.score.evaluation import evaluate
    from sciner.text.catalog.read import read_catalog
    from sciner.text.corpus import Sentence
    from sciner.text.prediction import Prediction

    test = read_catalog("scierc").test
    copies = 1_000_000 // sum(len(s.tokens) for s in test) + 1
    gold = [Sentence(f"{n}/{s.id}", s.tokens, s.spans) for n in range(copies) for s in test]
    made = [
        Prediction(
            s,
            (s.spans or ())[1:],
            np.zeros((len(s.tokens), 1), np.float16),
            np.full(len(s.tokens), 0.9, np.float32),
        )
        for s in gold
    ]
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        evaluate(gold, made)
        seconds.append(round(time.perf_counter() - began, 2))
    return {"tokens": sum(len(s.tokens) for s in gold), "seconds": seconds}
