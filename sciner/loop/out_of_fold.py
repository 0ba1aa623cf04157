"""Predictions for the seed set by taggers that did not learn from the sentence."""

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
FEWEST = 40  # sentences of a seed set that is judged so


def predict_out_of_fold(
    steps: StepRunner,
    seed_set: Sequence[Sentence],
    seed: int,
    pool: Sequence[Sentence] = (),
) -> OutOfFold:
    """Train the tagger of round 0 once for each fold, without the fold, and let it annotate the
    fold (stacked generalisation, Wolpert 1992). The mean of these taggers annotates ``pool``, none
    of which they were trained on.

    A later tagger's predictions would not do: it learns from silver of a teacher that has seen the
    fold.
    """
    parts, of_pool = [], []
    for fold in range(FOLDS):
        rest = [gold_example(s) for i, s in enumerate(seed_set) if i % FOLDS != fold]
        fit = steps.fit(rest, seed=seed, beside=True)
        parts.append(steps.predict(fit, [s.withheld() for s in seed_set[fold::FOLDS]]))
        of_pool += [steps.predict(fit, pool)] if pool else []
    whole = steps.average(of_pool) if of_pool else None
    return OutOfFold({s.id: s.spans or () for s in seed_set}, tuple(parts), whole)


def refuse_small(seed_set: Sequence[Sentence]) -> None:
    """Raise InputError for a seed set of fewer than 40 sentences: too few to judge a tagger by."""
    if len(seed_set) < FEWEST:
        raise InputError(
            "threshold=precision, iteration.temperature=fit, iteration.mask_missed and "
            "suspects=true judge the tagger on the seed set. "
            f"{len(seed_set)} sentences are too few: {FEWEST} are needed",
            hint="give a larger data.seed_size, or threshold=fixed, iteration.temperature=1, "
            "iteration.mask_missed=false and suspects=false",
        )


def mask_missed(examples: Sequence[Example], judged: OutOfFold) -> list[Example]:
    """Mask the tokens of gold that are labelled O and predicted to be an entity's.

    judged: out-of-fold predictions; examples of other sentences stay as they are. A tagger that has
    learnt the sentence would only repeat its labels.
    """
    missed: dict[str, frozenset[int]] = {}
    for p, gold in judged.judged():
        missed[p.sentence.id] = tokens_in(p.spans) - tokens_in(gold)
    return [replace(e, masked=e.masked | missed.get(e.sentence.id, frozenset())) for e in examples]


def tokens_in(spans: Sequence[Span]) -> frozenset[int]:
    """Positions of the tokens that the spans cover."""
    return frozenset(i for s in spans for i in range(s.start, s.end))


def temperature_of(judged: OutOfFold, labels: Sequence[str]) -> float:
    """The temperature at which the predictions fit the gold of the seed set."""
    number = {tag: i for i, tag in enumerate(tagset(labels))}

    def rows() -> Iterator[tuple[Halves, npt.NDArray[np.int64]]]:
        for p, spans in judged.judged():
            tags = encode(spans, len(p.sentence.tokens))
            yield p.distribution, np.array([number[tag] for tag in tags], dtype=np.int64)

    return fit_temperature(rows())
