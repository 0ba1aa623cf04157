"""The quality of a language model's labels, and the faults of its answers; for reporting only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

import numpy as np

from sciner.policy.cost import Usage
from sciner.score.calibration import calibration_scores
from sciner.score.entity import entity_scores
from sciner.score.gold import agreement_scores
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

MEASURES = ("f1/", "precision/", "recall/")


def llm_scores(
    predictions: Iterable[Prediction],
    withheld: Mapping[str, tuple[Span, ...]],
    faults: Mapping[str, int],
    usage: Usage,
) -> dict[str, float]:
    """Figures of all that a language model was asked about.

    ``sentences``, ``prompt_tokens``, ``completion_tokens``, ``money``, and for each of ``faults``
    ``faults/<name>``. Over the sentences that ``withheld`` (gold by sentence id) covers: strict
    ``f1``, ``precision`` and ``recall``, each ``/micro``, ``/macro`` and ``/<Class>``; ``kappa``
    (``score.gold.agreement_scores``); ``calibration/…`` of the vote shares
    (``score.calibration.calibration_scores``); ``money_per_correct_span``, absent without a correct
    span or where nothing has a price.
    """
    scores: dict[str, float] = {name: float(value) for name, value in asdict(usage).items()}
    scores |= {f"faults/{name}": float(count) for name, count in faults.items()}
    # without the distributions, which need not fit into memory
    nothing = np.zeros((0, 0), dtype=np.float16)
    asked = [replace(p, distribution=nothing) for p in predictions]
    scores["sentences"] = float(len(asked))
    judged = [p for p in asked if p.sentence.id in withheld]
    if not judged:
        return scores
    gold = [replace(p.sentence, spans=withheld[p.sentence.id]) for p in judged]
    entity = entity_scores(gold, [p.spans for p in judged])
    scores |= {name: value for name, value in entity.items() if name.startswith(MEASURES)}
    agreed = agreement_scores([replace(p.sentence, spans=p.spans) for p in judged], gold)
    if "agreement_kappa" in agreed:
        scores["kappa"] = agreed["agreement_kappa"]
    scores |= calibration_scores(gold, judged, "min")
    correct = sum(len(set(p.spans) & set(s.spans or ())) for p, s in zip(judged, gold, strict=True))
    if correct and usage.money:
        scores["money_per_correct_span"] = usage.money / correct
    return scores
