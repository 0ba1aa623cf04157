"""What gold costs: sentences, tokens, entities, and by a model of an annotator's time, minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sciner.text.corpus import Sentence
from sciner.text.spans import Span

Proposed = Mapping[str, Sequence[Span]]  # the tagger's spans by sentence id


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds an annotator needs, all >= 0, linear in what there is to read and to mark.

    read_token: a token is taken for a word, and 238 words of English non-fiction are read
    silently in a minute (Brysbaert 2019, a meta-analysis of 190 studies). mark_entity: choosing
    a span's ends and class; an assumption. correct_span: confirming, mending or deleting a span
    that the tagger proposed; the same assumption less a fifth, since pre-annotation saved 14% to
    22% of the time an entity took (Lingren et al. 2014). assist: the annotator starts from what
    is proposed.

    Sentences do not cost the same (Settles, Craven & Friedland 2008), nor do annotators (Arora,
    Nyberg & Rosé 2009): whoever has a stopwatch should set these to what it says.
    """

    read_token: float = 0.25
    mark_entity: float = 5.0
    correct_span: float = 4.0
    assist: bool = False

    def seconds(self, sentence: Sentence, proposed: Sequence[Span] = ()) -> float:
        """To read ``sentence`` and mark its spans; with ``assist``, to go through ``proposed`` and
        mark what overlaps none."""
        spans, offered = sentence.spans or (), proposed if self.assist else ()
        new = sum(not any(span.overlaps(other) for other in offered) for span in spans)
        return (
            self.read_token * len(sentence.tokens)
            + self.correct_span * len(offered)
            + self.mark_entity * new
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """What gold has cost so far: sentences, tokens, entities marked in them, minutes (seed set,
    batches and dev)."""

    sentences: int = 0
    tokens: int = 0
    entities: int = 0
    minutes: float = 0.0

    def charged(
        self, bought: Iterable[Sentence], cost: Cost, proposed: Proposed | None = None
    ) -> Budget:
        """The budget after ``bought``, of which an annotator labelled each sentence once."""
        gold, offered = list(bought), proposed or {}
        return Budget(
            self.sentences + len(gold),
            self.tokens + sum(len(s.tokens) for s in gold),
            self.entities + sum(len(s.spans or ()) for s in gold),
            self.minutes + sum(cost.seconds(s, offered.get(s.id, ())) for s in gold) / 60,
        )

    def scores(self) -> dict[str, float]:
        return {
            "sentences": float(self.sentences),
            "tokens": float(self.tokens),
            "entities": float(self.entities),
            "minutes": self.minutes,
        }
