"""People as annotators: what they have answered is gold, and what they have not is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sciner.policy.annotator import (
    Adjudicate,
    Annotator,
    Labelled,
    SimulatedAnnotator,
    TwoAnnotators,
)
from sciner.policy.cost import Budget, Cost, Proposed
from sciner.text.corpus import Sentence
from sciner.text.spans import Span


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person marked in a sentence.

    Attributes:
        tokens: of the sentence.
        spans: in order.
        seconds: what it took, where the annotation tool says so.
    """

    tokens: tuple[str, ...]
    spans: tuple[Span, ...]
    seconds: float | None = None


Answers = Mapping[str, Sequence[Answer]]  # by sentence id, in the order in which people gave them


class LabelsWanted(Exception):
    """People have to label sentences before the run can go on. Nothing is wrong.

    Attributes:
        batch: the sentences that were asked for, without labels.
        missing: those of them that lack an answer.
        proposed: the tagger's spans to start from.
    """

    def __init__(
        self, batch: Sequence[Sentence], missing: Sequence[Sentence], proposed: Proposed
    ) -> None:
        super().__init__(f"{len(missing)} sentences are to be labelled, {missing[0].id} first")
        self.batch, self.missing, self.proposed = tuple(batch), tuple(missing), proposed


class People:
    """One or two people who label each sentence through files.

    Args:
        answers: of all that they were asked in this run.
        adjudicate: None for one person; with two, the rule for their differences
            (``TwoAnnotators``). The expert is a third person, who answers last.
        cost: of a sentence whose time was not measured.
        given: has the labels of the sentences ``early``, which are older than the run: seed set and
            dev.
        early: their ids.
    """

    labels_raw_text = True

    def __init__(
        self,
        answers: Answers,
        adjudicate: Adjudicate | None,
        cost: Cost,
        given: Annotator,
        early: Collection[str],
    ) -> None:
        self.answers, self.adjudicate, self.given = answers, adjudicate, given
        self.early, self.assisted = frozenset(early), cost.assist
        first, second, expert = (_person(answers, n, cost) for n in range(3))
        self.asked: Annotator = (
            TwoAnnotators(first, second, expert, adjudicate) if adjudicate else first
        )
        self.per_sentence = self.asked.per_sentence

    def label(self, sentences: Sequence[Sentence], proposed: Proposed | None = None) -> Labelled:
        """As ``Annotator.label``.

        Raises:
            LabelsWanted: an answer is missing.
        """
        batch = self._batch(sentences)
        if missing := lacking([s.id for s in batch], self.answers, self.adjudicate):
            wanted = [s for s in batch if s.id in missing]
            raise LabelsWanted(batch, wanted, proposed or {})
        labelled = {s.id: s for s in self.asked.label(batch, proposed)}
        labelled |= {s.id: s for s in self.given.label(self._early(sentences))}
        return tuple(labelled[s.id] for s in sentences)

    def charge(
        self, budget: Budget, labelled: Sequence[Sentence], proposed: Proposed | None = None
    ) -> Budget:
        budget = self.given.charge(budget, self._early(labelled))
        return self.asked.charge(budget, self._batch(labelled), proposed)

    def opinions(self, labelled: Sequence[Sentence]) -> tuple[Labelled, ...]:
        """As ``Annotator.opinions``, of the sentences that were asked for in this run."""
        return self.asked.opinions(self._batch(labelled))

    def _batch(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        return [s for s in sentences if s.id not in self.early]

    def _early(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        return [s for s in sentences if s.id in self.early]


def lacking(batch: Sequence[str], answers: Answers, adjudicate: Adjudicate | None) -> set[str]:
    """The sentences of a batch, by id, that have to be labelled now.

    What two people see differently is settled when both have labelled the whole batch.
    """
    each = 1 if adjudicate is None else 2
    said = {id: answers.get(id, ()) for id in batch}
    return {id for id in batch if len(said[id]) < each} or {
        id for id in batch if lacks_answer(said[id], adjudicate)
    }


def lacks_answer(said: Sequence[Answer], adjudicate: Adjudicate | None) -> bool:
    """Whether a sentence has to be labelled once more.

    Args:
        said: the answers so far.
        adjudicate: None for one person, else the rule for the differences of two.

    >>> one, other = Answer(("a",), ()), Answer(("a",), (Span(0, 1, "Task"),))
    >>> lacks_answer([one], None), lacks_answer([one], "either")
    (False, True)
    >>> lacks_answer([one, other], "either"), lacks_answer([one, other], "expert")
    (False, True)
    """
    if adjudicate is None or len(said) < 2:
        return len(said) < (1 if adjudicate is None else 2)
    return adjudicate == "expert" and said[0].spans != said[1].spans and len(said) < 3


def _person(answers: Answers, number: int, cost: Cost) -> SimulatedAnnotator:
    """Who gave the first, second or third answer to each sentence."""
    given = {id: said[number] for id, said in answers.items() if len(said) > number}
    measured = {id: a.seconds for id, a in given.items() if a.seconds is not None}
    return SimulatedAnnotator(
        {id: answer.spans for id, answer in given.items()}, replace(cost, measured=measured)
    )
