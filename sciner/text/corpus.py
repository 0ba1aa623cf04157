"""Sentences with stable ids, and corpora of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sciner.errors import InputError
from sciner.text.spans import Span, encode

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

UNMASKED: frozenset[int] = frozenset()  # masked: one for all, since an empty set takes 216 bytes


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens with an id ``document#index``.

    Attributes:
        id: ``document#index``.
        tokens: the words.
        spans: the gold; None if there is none or if it is withheld.
        masked: positions of tokens whose label is unknown; they are left out of the loss.
        dropped: labels of gold spans that begin here and that ``spans`` cannot hold, such as nested
            ones.
    """

    id: str
    tokens: tuple[str, ...]
    spans: tuple[Span, ...] | None = None
    masked: frozenset[int] = UNMASKED
    dropped: tuple[str, ...] = ()

    @property
    def document(self) -> str:
        return self.id.rpartition("#")[0]

    def withheld(self) -> Sentence:
        """The same text without its gold: all that a decision may see."""
        bare = self.spans is None and not self.dropped  # a large pool is not held twice
        return self if bare else replace(self, spans=None, dropped=())


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with the labels that a tagger is trained on, and where they come from.

    Attributes:
        sentence: its text.
        spans: the labels.
        source: ``gold`` or ``silver``.
        round: in which the silver was annotated; 0 for gold.
        confidences: one for each span, in [0, 1]; 1.0 for gold.
        masked: token positions left out of the loss.
        weight: factor of this sentence's tokens in the loss, > 0.
        distribution: soft labels, [tokens, tags] float16 with the columns of ``tagset``; they are
            learnt in place of the spans.
    """

    sentence: Sentence
    spans: tuple[Span, ...]
    source: str = "gold"
    round: int = 0
    confidences: tuple[float, ...] = ()
    masked: frozenset[int] = UNMASKED
    weight: float = 1.0
    distribution: npt.NDArray[np.float16] | None = field(default=None, compare=False, repr=False)

    def accepted(self) -> tuple[Span, ...]:
        """The spans that the loss sees whole."""
        return accepted(self.spans, self.masked)

    def uncertain(self) -> frozenset[int]:
        """The masked tokens, and all others of the spans that hold one."""
        partly = set(self.spans) - set(self.accepted())
        return self.masked.union(*(range(span.start, span.end) for span in partly))


def gold_example(sentence: Sentence) -> Example:
    """Make an example of a sentence with gold.

    Raises:
        ValueError: it has none.
    """
    if sentence.spans is None:
        raise ValueError(f"{sentence.id} has no gold")
    sure = (1.0,) * len(sentence.spans)
    return Example(sentence, sentence.spans, confidences=sure, masked=sentence.masked)


def accepted(spans: tuple[Span, ...], masked: frozenset[int]) -> tuple[Span, ...]:
    """Those of ``spans`` that hold no masked token."""
    if not masked:
        return spans
    return tuple(s for s in spans if masked.isdisjoint(range(s.start, s.end)))


def reading_order(examples: Iterable[Example]) -> list[Example]:
    """By document, then by the sentence's place in it."""

    def place(example: Example) -> tuple[str, int]:
        document, _, index = example.sentence.id.rpartition("#")
        return document, int(index)

    return sorted(examples, key=place)


@dataclass(frozen=True)
class Corpus:
    """Splits of one corpus and the classes its annotators could choose from.

    notes counts what the readers repaired or merged (for example ``tags repaired``).
    """

    name: str
    labels: tuple[str, ...]
    train: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    dev: tuple[Sentence, ...] = ()
    unlabelled: tuple[Sentence, ...] = ()
    notes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        ids = Counter(
            s.id for split in (self.train, self.dev, self.test, self.unlabelled) for s in split
        )
        if twice := [i for i, n in ids.items() if n > 1]:
            raise InputError(
                f"sentence id {twice[0]!r} occurs {ids[twice[0]]} times in {self.name}",
                hint="ids must be unique",
            )

    def digest(self) -> str:
        """SHA-256 of every split's ids, tokens and gold: of [labels, splits by name] as JSON.

        The JSON is never held in memory as a whole.
        """
        whole = hashlib.sha256(f"[{_json(self.labels)}, {{".encode())
        for n, name in enumerate(("dev", "test", "train", "unlabelled")):
            whole.update(f'{", " * (n > 0)}"{name}": ['.encode())
            for i, s in enumerate(getattr(self, name)):
                whole.update(f"{', ' * (i > 0)}{_json(_digested(s))}".encode())
            whole.update(b"]")
        whole.update(b"}]")
        return whole.hexdigest()


def digest_of(sentences: Iterable[Sentence]) -> str:
    """SHA-256 over ids, tokens and gold, in their order."""
    whole = hashlib.sha256()
    for sentence in sentences:
        whole.update(f"{_json(_digested(sentence))}\n".encode())
    return whole.hexdigest()


def _digested(sentence: Sentence) -> list[object]:
    mask = [sorted(sentence.masked)] if sentence.masked else []
    return [sentence.id, sentence.tokens, sentence.spans, *mask]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def labels_of(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """The classes that occur, sorted."""
    return tuple(sorted({span.label for s in sentences for span in s.spans or ()}))


def tagset(labels: Sequence[str]) -> tuple[str, ...]:
    """IOB2 tags in the order of a distribution's columns: O, then B-X and I-X for each class.

    >>> tagset(["Method", "Task"])
    ('O', 'B-Method', 'I-Method', 'B-Task', 'I-Task')
    """
    return ("O", *(f"{prefix}-{label}" for label in labels for prefix in "BI"))


def tags_of(example: Example) -> list[str]:
    """The example's IOB2 tags, those of masked tokens included."""
    return encode(example.spans, len(example.sentence.tokens))
