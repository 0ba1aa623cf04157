"""The teacher: the tagger, or the mean of several, that annotates the pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sciner.hashing import digest
from sciner.loop.outcomes import FitResult, Predicted
from sciner.loop.steps.runner import StepRunner
from sciner.text.corpus import Sentence
from sciner.text.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Teacher:
    """Who annotates.

    members: taggers trained with different seeds, the first being the round's own tagger. One
    annotates as it is; several annotate as the mean of their label distributions. parts: {sentence
    id: the member that annotates it alone}, where the others were trained on its silver.
    """

    steps: StepRunner
    members: tuple[FitResult, ...]
    parts: Mapping[str, int]

    @property
    def ensemble(self) -> bool:
        return len(self.members) > 1

    def annotate(self, sentences: Sequence[Sentence]) -> Predicted:
        """Predictions for ``sentences``, of which either all have a part, or none."""
        if not any(s.id in self.parts for s in sentences):
            return self.steps.average([self.steps.predict(fit, sentences) for fit in self.members])
        return self.joined(
            sentences,
            [
                self.steps.predict(fit, [s for s in sentences if self.parts[s.id] == member])
                for member, fit in enumerate(self.members)
            ],
        )

    def joined(self, sentences: Sequence[Sentence], made: Sequence[Predicted]) -> Predicted:
        """The members' predictions for their parts, in the order of ``sentences``."""

        def read() -> Iterator[Prediction]:
            readers = [iter(part.read()) for part in made]
            return (next(readers[self.parts[s.id]]) for s in sentences)

        key = f"joined-{digest([part.identity() for part in made])}"
        return Predicted(key, sentences, sum(part.seconds for part in made), read)


def parts_of(pool: Sequence[Sentence], count: int) -> dict[str, int]:
    """{sentence id: part} of ``count`` parts, dealt in turn."""
    return {s.id: i % count for i, s in enumerate(pool)}
