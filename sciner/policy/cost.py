"""What gold costs: sentences, tokens, entities and, by a model of an annotator's time, minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

from sciner.text.corpus import Sentence
from sciner.text.spans import Span


class Proposal(NamedTuple):
    """The tagger's spans in a sentence, to start from, with a confidence in [0, 1] of each."""

    spans: tuple[Span, ...] = ()
    confidences: tuple[float, ...] = ()


Proposed = Mapping[str, Proposal]  # by sentence id


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that an annotator needs, linear in what there is to read and to mark.

    Sentences do not cost the same (Settles, Craven & Friedland 2008), nor do annotators (Arora,
    Nyberg & Rosé 2009): if you can, measure your annotators and set these.

    Attributes:
        read_token: for each token. 238 words of English non-fiction are read silently in a minute
            (Brysbaert 2019, a meta-analysis of 190 studies).
        mark_entity: to choose a span's ends and class; an assumption.
        correct_span: to confirm, correct or delete a span that the tagger proposed: a fifth less,
            since pre-annotation saved 14% to 22% of the time for an entity (Lingren et al. 2014).
        assist: whether the annotator starts from what is proposed.
        measured: seconds by sentence id, where they were measured; they count in place of the
            estimate.
    """

    read_token: float = 0.25
    mark_entity: float = 5.0
    correct_span: float = 4.0
    assist: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, sentence: Sentence, proposed: Sequence[Span] = ()) -> float:
        """Seconds to read ``sentence`` and mark its spans.

        With ``assist``, to go through ``proposed`` and mark the spans that overlap none of them.
        """
        if sentence.id in self.measured:
            return self.measured[sentence.id]
        spans, offered = sentence.spans or (), proposed if self.assist else ()
        new = sum(not any(span.overlaps(other) for other in offered) for span in spans)
        return (
            self.read_token * len(sentence.tokens)
            + self.correct_span * len(offered)
            + self.mark_entity * new
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What a language model was sent and has answered, in its own tokens, and what that cost."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.money + other.money,
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """Cost of the gold so far (seed set, batches, dev): sentences, tokens, entities, minutes.

    usage: of a language model, where one annotates.
    """

    sentences: int = 0
    tokens: int = 0
    entities: int = 0
    minutes: float = 0.0
    usage: Usage | None = None

    def charged(
        self, bought: Iterable[Sentence], cost: Cost, proposed: Proposed | None = None
    ) -> Budget:
        """The budget after ``bought``, each sentence of which one annotator labelled once."""
        gold, offered = list(bought), proposed or {}
        return Budget(
            self.sentences + len(gold),
            self.tokens + sum(len(s.tokens) for s in gold),
            self.entities + sum(len(s.spans or ()) for s in gold),
            self.minutes
            + sum(cost.seconds(s, offered.get(s.id, Proposal()).spans) for s in gold) / 60,
            self.usage,
        )

    def used(self, usage: Usage) -> Budget:
        """The budget after a language model was asked."""
        return replace(self, usage=(self.usage or Usage()) + usage)

    def scores(self) -> dict[str, float]:
        """Each under its name; of a language model only where one annotates."""
        usage = {} if self.usage is None else asdict(self.usage)
        return {
            "sentences": float(self.sentences),
            "tokens": float(self.tokens),
            "entities": float(self.entities),
            "minutes": self.minutes,
        } | {name: float(value) for name, value in usage.items()}
