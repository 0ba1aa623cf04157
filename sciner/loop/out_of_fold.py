"""Predictions for the seed set by taggers that were not trained on the sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sciner.errors import InputError
from sciner.loop.outcomes import OutOfFold
from sciner.loop.steps.runner import StepRunner
from sciner.score.temperature import fit_temperature
from sciner.text.corpus import Example, Sentence, gold_example, tagset
from sciner.text.prediction import Halves
from sciner.text.spans import Span, encode

FOLDS = 5
FEWEST = 40  # sentences of a seed set that can be judged


def predict_out_of_fold(
    steps: StepRunner,
    seed_set: Sequence[Sentence],
    seed: int,
    pool: Sequence[Sentence] = (),
) -> OutOfFold:
    """Predict each fold of the seed set with a tagger trained on the other folds.

    This is stacked generalisation (Wolpert 1992). A later tagger's predictions would not be out of
    fold, because it is trained on silver of a teacher that has seen the fold.

    Args:
        steps: of the run.
        seed_set: with gold.
        seed: of the run.
        pool: if given, it is annotated by the mean of these taggers; none of them was trained on
            it.
    """
    parts, of_pool = [], []
    for fold in range(FOLDS):
        rest = [gold_example(s) for i, s in enumerate(seed_set) if i % FOLDS != fold]
        fit = steps.fit(rest, seed=seed, beside=True)
        parts.append(steps.predict(fit, [s.withheld() for s in seed_set[fold::FOLDS]]))
        of_pool += [steps.predict(fit, pool)] if pool else []
    whole = steps.average(of_pool) if of_pool else None
    return OutOfFold(
        {s.id: s.spans or () for s in seed_set},
        {s.id: s.masked for s in seed_set},
        tuple(parts),
        whole,
    )


def refuse_small(seed_set: Sequence[Sentence]) -> None:
    """Raise InputError for a seed set of fewer than 40 sentences, too few to judge a tagger."""
    if len(seed_set) < FEWEST:
        raise InputError(
            "threshold=precision, iteration.temperature=fit, iteration.mask_missed and "
            "suspects=true evaluate the tagger on the seed set. "
            f"{len(seed_set)} sentences are too few: {FEWEST} are needed",
            hint="set a larger data.seed_size, or threshold=fixed, iteration.temperature=1, "
            "iteration.mask_missed=false and suspects=false",
        )


def mask_missed(examples: Sequence[Example], judged: OutOfFold) -> list[Example]:
    """Mask gold tokens that are labelled O and predicted as part of an entity.

    Args:
        examples: those of sentences without an out-of-fold prediction stay as they are.
        judged: out-of-fold predictions; a tagger trained on the sentence would only repeat its
            labels.
    """
    missed: dict[str, frozenset[int]] = {}
    for p, gold in judged.judged():
        missed[p.sentence.id] = tokens_in(p.spans) - tokens_in(gold)
    return [replace(e, masked=e.masked | missed.get(e.sentence.id, frozenset())) for e in examples]


def tokens_in(spans: Sequence[Span]) -> frozenset[int]:
    """Positions of the tokens that the spans cover."""
    return frozenset(i for s in spans for i in range(s.start, s.end))


def temperature_of(judged: OutOfFold, labels: Sequence[str]) -> float:
    """The temperature at which the predictions fit the gold of the seed set best."""
    number = {tag: i for i, tag in enumerate(tagset(labels))}

    def rows() -> Iterator[tuple[Halves, npt.NDArray[np.int64]]]:
        for p, spans in judged.judged():
            tags = encode(spans, len(p.sentence.tokens))
            known = [i for i in range(len(tags)) if i not in judged.masked[p.sentence.id]]
            gold = np.array([number[tags[i]] for i in known], dtype=np.int64)
            yield p.distribution[known], gold

    return fit_temperature(rows())
