"""What a selection is known by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sciner.loop.outcomes import Predicted
from sciner.loop.steps.select import Select, latest
from sciner.policy.threshold.accept import Threshold
from tests.unit.loop.test_soft_labels import SENTENCES, drawn, predicted


@dataclass(frozen=True, slots=True)
class LaterThreshold(Threshold):
    """As a later version may have it."""

    added: float = 0.5


@dataclass(frozen=True, slots=True)
class OtherThreshold(Threshold):
    """One that means something else."""

    def identity(self) -> dict[str, object]:
        return {"kind": "other"}


def test_a_threshold_enters_by_what_it_means_not_by_the_fields_that_it_has() -> None:
    made = Predicted("predict-v1-a", (), 0.0, lambda: iter(()))
    step = Select(made, {}, (), Threshold(), {}, 0.0, {}, 1, 1.0)
    assert replace(step, threshold=LaterThreshold()).key == step.key
    assert replace(step, threshold=OtherThreshold()).key != step.key


def test_of_several_annotations_the_last_one_of_a_sentence_counts() -> None:
    first, second = drawn(0), drawn(1, SENTENCES[2:])
    assert list(latest([predicted(first), predicted(second)])) == [*first[:2], *second]
    assert list(latest([predicted(first)])) == first
