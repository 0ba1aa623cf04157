"""The teacher: the tagger, or the mean of several, that annotates the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sciner.loop.outcomes import FitResult, Predicted
from sciner.loop.steps.runner import StepRunner
from sciner.text.corpus import Sentence


@dataclass(frozen=True, slots=True)
class Teacher:
    """members: taggers trained on the same examples with other seeds, the first being the round's
    own tagger. One member annotates as it is; several annotate as the mean of their label
    distributions."""

    steps: StepRunner
    members: tuple[FitResult, ...]

    @property
    def ensemble(self) -> bool:
        return len(self.members) > 1

    def annotate(self, sentences: Sequence[Sentence]) -> Predicted:
        """Predictions for ``sentences``."""
        return self.steps.average([self.steps.predict(fit, sentences) for fit in self.members])
