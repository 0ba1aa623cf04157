"""The quality of a language model's labels, and the faults of its answers; for reporting only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np

from sciner.policy.cost import Usage
from sciner.score.calibration import calibration_scores
from sciner.score.entity import entity_scores
from sciner.score.errors import Kind, findings
from sciner.score.gold import agreement_scores
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

MEASURES = ("f1/", "precision/", "recall/")
WRONG = tuple(kind for kind in Kind if kind is not Kind.RIGHT)


def llm_scores(
    predictions: Iterable[Prediction],
    withheld: Mapping[str, tuple[Span, ...]],
    faults: Mapping[str, int],
    usage: Callable[[Sequence[Sentence]], Usage],
) -> dict[str, float]:
    """Figures of all that a language model was asked about.

    usage: what its answers about some sentences cost.

    ``sentences``, ``prompt_tokens``, ``completion_tokens``, ``money``, and for each of ``faults``
    ``faults/<name>``. Over the sentences that ``withheld`` (gold by sentence id) covers: strict
    ``f1``, ``precision`` and ``recall``, each ``/micro``, ``/macro`` and ``/<Class>``; ``kappa``
    (``score.gold.agreement_scores``); ``calibration/…`` of the vote shares
    (``score.calibration.calibration_scores``); ``errors/<kind>``, the number of spans that are
    wrong in each way (``score.errors.Kind``); ``money_per_correct_span``, absent without a correct
    span or where nothing has a price.
    """
    # without the distributions, which need not fit into memory
    nothing = np.zeros((0, 0), dtype=np.float16)
    asked = [replace(p, distribution=nothing) for p in predictions]
    paid = asdict(usage([p.sentence for p in asked]))
    scores = {"sentences": float(len(asked))} | {name: float(paid[name]) for name in paid}
    scores |= {f"faults/{name}": float(count) for name, count in faults.items()}
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
    kinds = Counter(
        finding.kind for p in judged for finding in findings(withheld[p.sentence.id], p.spans)
    )
    scores |= {f"errors/{kind.replace(' ', '_')}": float(kinds[kind]) for kind in WRONG}
    money = usage([p.sentence for p in judged]).money
    if kinds[Kind.RIGHT] and money:
        scores["money_per_correct_span"] = money / kinds[Kind.RIGHT]
    return scores
