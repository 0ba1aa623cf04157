"""A language model as the annotator of the sentences that are bought."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sciner.policy.annotator import Labelled, SimulatedAnnotator
from sciner.policy.cost import Budget, Cost, Proposed, Usage
from sciner.score.llm import llm_scores
from sciner.tagger.llm.tagger import FittedLlm
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

NO_TIME = Cost(0.0, 0.0, 0.0)


class LlmAnnotator:
    """Labels sentences by asking a language model.

    If no answer about a sentence is usable, all its tokens are masked, because its labels are
    unknown.

    Args:
        fitted: the model.
        people: the annotator of the sentences in ``by_people``.
        by_people: ids of the sentences that people label instead, for example those of the seed set
            and dev.
    """

    assisted, labels_raw_text, per_sentence = False, False, 1

    def __init__(
        self, fitted: FittedLlm, people: SimulatedAnnotator, by_people: Collection[str]
    ) -> None:
        self.fitted, self.people, self.by_people = fitted, people, frozenset(by_people)

    def label(self, sentences: Sequence[Sentence], proposed: Proposed | None = None) -> Labelled:
        mine = self._mine(sentences)
        answered = dict(zip((s.id for s in mine), self.fitted.predict(mine), strict=True))
        said = {
            s.id: any(reading.usable for reading in readings)
            for s, readings in zip(mine, self.fitted.read(mine), strict=True)
        }

        def labelled(s: Sentence) -> Sentence:
            if s.id in self.by_people:
                return self.people.label([s])[0]
            unsaid = frozenset() if said[s.id] else frozenset(range(len(s.tokens)))
            return replace(s, spans=answered[s.id].spans, masked=s.masked | unsaid)

        return tuple(labelled(s) for s in sentences)

    def charge(
        self, budget: Budget, labelled: Sequence[Sentence], proposed: Proposed | None = None
    ) -> Budget:
        """Charge people's sentences by time, and the model's by tokens and money."""
        mine = self._mine(labelled)
        budget = self.people.charge(budget, [s for s in labelled if s.id in self.by_people])
        usage = self.fitted.usage(mine) if mine else Usage()
        return budget.charged(mine, NO_TIME).used(usage)

    def opinions(self, labelled: Sequence[Sentence]) -> tuple[Labelled, ...]:
        return (tuple(labelled),)

    def report(
        self, labelled: Sequence[Sentence], withheld: Mapping[str, tuple[Span, ...]]
    ) -> dict[str, float]:
        """Score the model's labels against the withheld ones."""
        mine = self._mine(labelled)
        if not mine:
            return {}
        return llm_scores(
            self.fitted.predict(mine), withheld, self.fitted.faults(mine), self.fitted.usage
        )

    def _mine(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The sentences that the model labels, without any labels they may have."""
        return [s.withheld() for s in sentences if s.id not in self.by_people]
