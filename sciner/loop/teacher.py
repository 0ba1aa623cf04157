"""The teacher, which annotates the pool: the tagger, the mean of several, or a language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sciner.hashing import digest
from sciner.loop.outcomes import FitResult, Predicted
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.runner import StepRunner
from sciner.policy.cost import Usage
from sciner.score.llm import llm_scores
from sciner.tagger.llm.tagger import LlmTagger
from sciner.text.corpus import Sentence, gold_example
from sciner.text.prediction import Prediction
from sciner.text.spans import Span


@dataclass(frozen=True, slots=True)
class Teacher:
    """One or several taggers that annotate the pool.

    Several annotate as the mean of their label distributions.

    Attributes:
        steps: of the run.
        members: taggers trained with different seeds; the first is the round's own tagger.
        parts: {sentence id: the only member that annotates it}, because the others were trained on
            its silver; empty if all annotate everything.
    """

    steps: StepRunner
    members: tuple[FitResult, ...]
    parts: Mapping[str, int]

    @property
    def ensemble(self) -> bool:
        """Whether there are several members."""
        return len(self.members) > 1

    def annotate(self, sentences: Sequence[Sentence]) -> Predicted:
        """Predict ``sentences``; either all of them have a part, or none."""
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
        """Join the members' predictions for their parts, in the order of ``sentences``."""

        def read() -> Iterator[Prediction]:
            readers = [iter(part.read()) for part in made]
            return (next(readers[self.parts[s.id]]) for s in sentences)

        key = f"joined-{digest([part.identity() for part in made])}"
        return Predicted(key, sentences, sum(part.seconds for part in made), read)


class Annotates(Protocol):
    """Anything that annotates the pool."""

    def annotate(self, sentences: Sequence[Sentence]) -> Predicted:
        """Predict ``sentences``."""
        ...


class AskedTeacher:
    """A language model that annotates the pool.

    It is shown the seed set in every round, so that no question is asked twice.

    Args:
        llm: the language model.
        beside: whether the mean of it and of the round's tagger annotates.
    """

    def __init__(self, llm: LlmTagger, beside: bool) -> None:
        self.llm, self.beside = llm, beside
        self.paid: set[str] = set()  # ids of sentences
        self.asked: Predicted | None = None  # the latest annotation
        self.tagger: Teacher | None = None  # of the round

    def shown(self, seed_set: Sequence[Sentence], seed: int, tagger: Teacher) -> AskedTeacher:
        """Prepare for a round.

        Args:
            seed_set: the demonstrations.
            seed: of the run.
            tagger: of the round.
        """
        examples = [gold_example(s) for s in seed_set]
        # nothing is trained, so nothing is stored
        fitted = self.fitted = self.llm.fit(examples, seed=seed)
        key = Fit(self.llm, examples, seed, None, lambda key, fitted: None).key
        self.fit = FitResult(key, fitted.report, lambda: fitted)
        self.tagger = tagger
        return self

    def annotate(self, sentences: Sequence[Sentence]) -> Predicted:
        assert self.tagger is not None
        steps = self.tagger.steps
        self.asked = steps.predict(self.fit, sentences)
        if not self.beside:
            return self.asked
        return steps.average([self.asked, self.tagger.annotate(sentences)])

    def usage(self) -> Usage:
        """What asking has cost since the last call."""
        if self.asked is None:
            return Usage()
        new = [s for s in self.asked.sentences if s.id not in self.paid]
        self.paid.update(s.id for s in new)
        return self.fitted.usage(new)

    def report(self, withheld: Mapping[str, tuple[Span, ...]]) -> dict[str, float]:
        """Score the latest labels against the withheld ones; no decision depends on it."""
        if self.asked is None:
            return {}
        faults = self.fitted.faults(self.asked.sentences)
        return llm_scores(self.asked.read(), withheld, faults, self.fitted.usage)


def parts_of(pool: Sequence[Sentence], count: int) -> dict[str, int]:
    """Deal the pool into ``count`` parts in turn; {sentence id: part}."""
    return {s.id: i % count for i, s in enumerate(pool)}
