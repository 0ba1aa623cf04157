"""Annotators: who turns a sentence into gold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, Protocol, runtime_checkable

from sciner.policy.cost import Budget, Cost, Proposed
from sciner.policy.noise import Noise
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

Adjudicate = Literal["agreed", "either", "expert"]
Labelled = tuple[Sentence, ...]


class Annotator(Protocol):
    """The only way from the pool to gold.

    The label of a sentence does not depend on when it is asked for, or with which others.
    """

    @property
    def assisted(self) -> bool:
        """Whether they start from the tagger's spans."""
        ...

    @property
    def labels_raw_text(self) -> bool:
        """Whether they can label text of which nobody has withheld the labels."""
        ...

    @property
    def per_sentence(self) -> int:
        """How many of them, at least, are paid for each sentence that is bought."""
        ...

    def label(self, sentences: Sequence[Sentence], proposed: Proposed | None = None) -> Labelled:
        """Return the sentences with their gold, in their order.

        Args:
            sentences: without labels.
            proposed: spans to start from, by sentence id; they do not influence a simulated
                annotator.

        Raises:
            KeyError: the gold of a sentence does not exist.
        """
        ...

    def charge(
        self, budget: Budget, labelled: Sequence[Sentence], proposed: Proposed | None = None
    ) -> Budget:
        """Return the budget after ``labelled``, the result of ``label`` for ``proposed``."""
        ...

    def opinions(self, labelled: Sequence[Sentence]) -> tuple[Labelled, ...]:
        """What each of those who labelled the sentences marked."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """An annotator with figures of its own."""

    def report(
        self, labelled: Sequence[Sentence], withheld: Mapping[str, tuple[Span, ...]]
    ) -> dict[str, float]:
        """What it did of ``labelled``, and how good that is by the clean labels."""
        ...


class SimulatedAnnotator:
    """Reveals withheld labels, as they are or through ``noise``."""

    labels_raw_text, per_sentence = False, 1

    def __init__(
        self, withheld: Mapping[str, tuple[Span, ...]], cost: Cost, noise: Noise | None = None
    ) -> None:
        self._withheld = dict(withheld)
        self.cost, self.noise = cost, noise

    @property
    def assisted(self) -> bool:
        return self.cost.assist

    def label(self, sentences: Sequence[Sentence], proposed: Proposed | None = None) -> Labelled:
        return tuple(replace(s, spans=self._spans(s)) for s in sentences)

    def charge(
        self, budget: Budget, labelled: Sequence[Sentence], proposed: Proposed | None = None
    ) -> Budget:
        return budget.charged(labelled, self.cost, proposed)

    def opinions(self, labelled: Sequence[Sentence]) -> tuple[Labelled, ...]:
        return (self.label(labelled),)

    def _spans(self, sentence: Sentence) -> tuple[Span, ...]:
        clean = self._withheld[sentence.id]
        return (
            clean
            if self.noise is None
            else self.noise.spans(sentence.id, len(sentence.tokens), clean)
        )


class TwoAnnotators:
    """Two annotators who label every sentence separately, both paid, and a rule for differences.

    agreed: the spans that both marked. either: those of the first, and those of the second that
    overlap none of the first's. expert: where the two label a sentence differently, ``expert``
    labels it too, and is paid for it; where they agree, right or wrong, their label stays.
    """

    labels_raw_text = False

    def __init__(
        self, first: Annotator, second: Annotator, expert: Annotator, adjudicate: Adjudicate
    ) -> None:
        self.first, self.second, self.expert, self.adjudicate = first, second, expert, adjudicate
        self.per_sentence = first.per_sentence + second.per_sentence

    @property
    def assisted(self) -> bool:
        return self.first.assisted

    def label(self, sentences: Sequence[Sentence], proposed: Proposed | None = None) -> Labelled:
        both = zip(
            self.first.label(sentences, proposed),
            self.second.label(sentences, proposed),
            strict=True,
        )
        return tuple(a if a.spans == b.spans else self._settled(a, b, proposed) for a, b in both)

    def charge(
        self, budget: Budget, labelled: Sequence[Sentence], proposed: Proposed | None = None
    ) -> Budget:
        first, second = self.opinions(labelled)
        budget = self.second.charge(self.first.charge(budget, first, proposed), second, proposed)
        if self.adjudicate != "expert":
            return budget
        disputed = [a for a, b in zip(first, second, strict=True) if a.spans != b.spans]
        return self.expert.charge(budget, self.expert.label(disputed, proposed), proposed)

    def opinions(self, labelled: Sequence[Sentence]) -> tuple[Labelled, ...]:
        return self.first.label(labelled), self.second.label(labelled)

    def _settled(self, a: Sentence, b: Sentence, proposed: Proposed | None) -> Sentence:
        mine, other = a.spans or (), b.spans or ()
        match self.adjudicate:
            case "agreed":
                return replace(a, spans=tuple(s for s in mine if s in other))
            case "either":
                more = [s for s in other if not any(s.overlaps(t) for t in mine)]
                return replace(a, spans=tuple(sorted([*mine, *more])))
            case "expert":
                (decided,) = self.expert.label([a], proposed)
                return decided
