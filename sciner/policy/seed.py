"""The gold that is bought before anything is trained: the seed set, and dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sciner.errors import InputError
from sciner.policy.diversity import k_means, text_vectors
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

Order = Literal["random", "document", "length", "k_means", "oracle_entities"]
CLUSTERS = 50  # of k_means: fixed, so that a larger seed set holds the smaller one


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of sentences, or a share of all: ``200`` or ``20%``."""

    value: float
    percent: bool = False

    @classmethod
    def parse(cls, text: str | int) -> Amount:
        """Read an amount.

        Raises:
            ValueError: it is neither a whole number >= 0 nor a percentage from 0 to 100.
        """
        word = str(text).strip()
        percent = word.endswith("%")
        try:
            value = float(word.removesuffix("%")) if percent else int(word)
        except ValueError:
            value = -1
        if not (0 <= value <= 100 if percent else value >= 0):
            raise ValueError(f"{word!r} is neither a number of sentences (200) nor a share (20%)")
        return cls(value, percent)

    def of(self, total: int) -> int:
        """As a number of sentences, with shares rounded half up.

        Raises:
            InputError: there are fewer sentences.
        """
        count = int(self.value * total / 100 + 0.5) if self.percent else int(self.value)
        if count > total:
            raise InputError(
                f"{count} sentences are requested, but there are only {total}",
                hint="give a smaller number, or a share such as 20%",
            )
        return count


def permutation(sentences: Sequence[Sentence], order: Order, seed: int) -> list[Sentence]:
    """Order all sentences; seed sets are prefixes of this order.

    Larger seed sets therefore contain smaller ones.

    Args:
        sentences: the result does not depend on their order, but on their ids and ``seed``.
        order: random; document: whole documents, shuffled; length: longest first; k_means: the
            centres of clusters of their words, then what is next to the centres, and so on;
            oracle_entities: sentences with entities first, which looks at withheld labels and is no
            real strategy. Ties are ordered as in ``random``.
        seed: of the shuffle.
    """
    rng = np.random.default_rng(seed)
    by_id = sorted(sentences, key=lambda s: s.id)
    if order == "document":
        documents: dict[str, list[Sentence]] = {}
        for sentence in sentences:  # reading order within the document
            documents.setdefault(sentence.document, []).append(sentence)
        names = sorted(documents)
        return [s for i in rng.permutation(len(names)) for s in documents[names[i]]]
    shuffled = [by_id[i] for i in rng.permutation(len(by_id))]
    if order == "length":
        return sorted(shuffled, key=lambda s: -len(s.tokens))
    if order == "k_means" and shuffled:
        vectors = text_vectors([s.tokens for s in shuffled], seed)
        return [shuffled[i] for i in k_means(vectors, CLUSTERS, seed)]
    if order == "oracle_entities":
        return sorted(shuffled, key=lambda s: not s.spans)
    return shuffled


def member_seed(seed: int, member: int) -> int:
    """The seed of one member of an ensemble; member 0 has ``seed`` itself."""
    return seed if member == 0 else int(np.random.SeedSequence([seed, member]).generate_state(1)[0])


@dataclass(frozen=True, slots=True)
class Split:
    """The training sentences by their role. dev is empty unless asked for."""

    seed_set: tuple[Sentence, ...]
    pool: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]

    def withheld(self) -> dict[str, tuple[Span, ...]]:
        """The clean labels by sentence id.

        For annotators and for reporting, never for a decision.
        """
        return {
            s.id: s.spans for s in (*self.seed_set, *self.pool, *self.dev) if s.spans is not None
        }


def split(
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    *,
    seed: int,
    order: Order,
    seed_size: Amount,
    dev_size: Amount,
    limit: int | None = None,
    zero_shot: bool = False,
) -> Split:
    """Divide the training sentences into seed set, pool and dev.

    The seed set is the head of the permutation, so asking for dev does not change it. Dev is a
    sample of the corpus's own dev split, or without one the tail of the permutation. The pool is
    the rest.

    Args:
        train, dev: the corpus's splits.
        seed: of the permutation.
        order: of the permutation.
        seed_size, dev_size: amounts.
        limit: the permutation is cut to this length first.
        zero_shot: the seed set may be empty.

    Raises:
        InputError: the seed set would be empty without ``zero_shot``, or there are not enough
            sentences.
    """
    ordered = permutation(train, order, seed)[:limit]
    wanted = seed_size.of(len(ordered))
    if wanted == 0 and not zero_shot:
        raise InputError(
            "the seed set is empty", hint="give data.seed_size=200 or data.seed_size=20%"
        )
    if dev:
        held = dev_size.of(len(dev))
        return Split(
            tuple(ordered[:wanted]),
            tuple(ordered[wanted:]),
            tuple(permutation(dev, "random", seed)[:held]),
        )
    held = dev_size.of(len(ordered) - wanted)
    rest = ordered[wanted:]
    at = len(rest) - held
    return Split(tuple(ordered[:wanted]), tuple(rest[:at]), tuple(rest[at:]))
