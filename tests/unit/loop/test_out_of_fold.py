"""Out-of-fold predictions beside the gold of the seed set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sciner.loop.out_of_fold import temperature_of
from sciner.loop.outcomes import OutOfFold, Predicted
from sciner.tagger.decode import predictions
from sciner.text.corpus import Sentence, tagset
from sciner.text.spans import Span

LABELS = ("Task",)
ROWS = np.array([[0.1, 0.8, 0.1], [0.9, 0.1, 0], [0.2, 0.8, 0], [0.1, 0.9, 0]], np.float32)


def judged(tokens: int, masked: frozenset[int]) -> OutOfFold:
    """The first tokens of a sentence of which the first is a Task."""
    sentence = Sentence("d#0", ("w",) * tokens, (Span(0, 1, "Task"),), masked=masked)
    made = [*predictions([sentence.withheld()], [ROWS[:tokens]], tagset(LABELS))]
    predicted = Predicted("key", (sentence,), 0.0, lambda: iter(made))
    return OutOfFold({"d#0": (Span(0, 1, "Task"),)}, {"d#0": masked}, (predicted,))


def test_a_token_of_unknown_label_judges_nobody() -> None:
    """Its gold says O, which is not known to be right."""
    short, long = judged(2, frozenset()), judged(4, frozenset({2, 3}))
    assert temperature_of(long, LABELS) == temperature_of(short, LABELS)
    assert temperature_of(long, LABELS) != temperature_of(
        replace(long, masked={"d#0": frozenset()}), LABELS
    )
    (prediction, gold), *_ = long.judged()
    assert prediction.spans == gold == (Span(0, 1, "Task"),)
