"""A dictionary of the training spans, matched longest first: what memorising alone achieves.

It is the baseline of the CoNLL-2003 shared task (Tjong Kim Sang & De Meulder 2003), with
confidences. Theirs uses only forms of a single class, this one a form's most frequent class.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from sciner import progress
from sciner.tagger.base import Capabilities, FitReport, Fitted
from sciner.tagger.gazetteer import CAPABILITIES
from sciner.tagger.gazetteer.trie import Form, Trie, longest_matches, occurrences, trie_of
from sciner.text.corpus import Example, Sentence, tags_of, tagset
from sciner.text.prediction import Floats, Prediction
from sciner.text.spans import Span

FILE = "gazetteer.json"
Case = Literal["sensitive", "insensitive"]


class Entry(NamedTuple):
    """How often a form occurred in training, and how often as a span of each class."""

    seen: float
    spans: tuple[float, ...]


class Answer(NamedTuple):
    """The prediction for a form.

    Attributes:
        label: its class.
        confidence: of the class.
        first, inner: [tags] float32 distributions of its first word, and of each other word.
    """

    label: str
    confidence: np.float32
    first: Floats
    inner: Floats


@dataclass(frozen=True)
class GazetteerTagger:
    """A gazetteer for the classes ``labels``.

    Attributes:
        case: insensitive finds ``Bert`` where training had ``BERT``.
        labels: the corpus's classes.
    """

    capabilities: ClassVar[Capabilities] = CAPABILITIES
    case: Case
    labels: tuple[str, ...]

    def identity(self) -> dict[str, Any]:
        """All that a fit depends on beside its examples (``tagger.base.Tagger``)."""
        return {"kind": "gazetteer", "labels": self.labels, "case": self.case}

    def fit(
        self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None
    ) -> FittedGazetteer:
        """Count forms; a sentence counts as often as its weight says.

        Nothing is drawn: ``seed`` changes nothing.

        Raises:
            ValueError: there is a ``start``, a soft label, or no example.
        """
        if start is not None:
            raise ValueError("a gazetteer cannot start from another: it is counted anew")
        if not examples:
            raise ValueError("nothing to train on")
        if stray := next((e for e in examples if e.distribution is not None), None):
            raise ValueError(f"{stray.sentence.id} has a soft label: a gazetteer counts spans")
        began = time.perf_counter()
        texts = [(example, normalised(example.sentence.tokens, self.case)) for example in examples]
        mentions: dict[Form, list[tuple[str, float]]] = defaultdict(list)  # (class, weight) of each
        seen: dict[Form, float] = defaultdict(float)
        for example, words in texts:
            for span in example.spans:
                if visible(example, span.start, span.end):
                    mentions[words[span.start : span.end]].append((span.label, example.weight))
        trie = trie_of(mentions)
        for example, words in texts:
            for start_at, end in occurrences(trie, words):
                if visible(example, start_at, end):
                    seen[words[start_at:end]] += example.weight
        forms = {
            form: Entry(
                seen[form],
                tuple(sum((w for name, w in found if name == label), 0.0) for label in self.labels),
            )
            for form, found in mentions.items()
        }
        rest = unmatched(
            texts,
            trie,
            {form for form, found in mentions.items() if len(found) == 1},
            tagset(self.labels),
        )
        report = FitReport(
            0, sum(len(words) for _, words in texts), time.perf_counter() - began, ()
        )
        return FittedGazetteer(forms, rest, self.case, self.labels, report)

    def restore(self, directory: Path, report: FitReport) -> FittedGazetteer:
        """Read the gazetteer that ``FittedGazetteer.save`` wrote.

        Raises:
            ValueError: it is none, or of other classes (older files do not name theirs).
        """
        kept = json.loads((directory / FILE).read_text(encoding="utf-8"))
        try:
            labels = kept.get("labels", list(self.labels))
            forms = {
                words_of(form): entry_of(seen, spans, len(labels))
                for form, seen, spans in kept["forms"]
            }
            rest = tuple(map(count_of, kept["unmatched"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{FILE} holds no gazetteer: {type(error).__name__} {error}") from None
        if labels != list(self.labels) or len(rest) != len(tagset(self.labels)):
            raise ValueError(f"{FILE} is a gazetteer for other classes")
        return FittedGazetteer(forms, rest, self.case, self.labels, report)


def words_of(form: Any) -> Form:
    """Check a form that was read.

    Raises:
        ValueError: it is not a list of words.
    """
    if not (isinstance(form, list) and form and all(isinstance(word, str) for word in form)):
        raise ValueError(f"{form!r} is not a list of words")
    return tuple(form)


def entry_of(seen: Any, spans: Any, classes: int) -> Entry:
    """Check an entry that was read.

    Raises:
        ValueError: it has another number of ``classes``.
    """
    if len(spans) != classes:
        raise ValueError(f"{len(spans)} counts for {classes} classes")
    return Entry(count_of(seen), tuple(map(count_of, spans)))


def count_of(number: Any) -> float:
    """Check a number that was read.

    Raises:
        ValueError: it is negative, NaN or infinite, which readers of JSON let pass.
    """
    if isinstance(number, bool) or not 0 <= number < float("inf"):
        raise ValueError(f"{number!r} is not a count")
    return float(number)


def normalised(tokens: Sequence[str], case: Case) -> Form:
    """The form of ``tokens``, without case if that is insensitive."""
    return tuple(tokens) if case == "sensitive" else tuple(token.lower() for token in tokens)


def visible(example: Example, start: int, end: int) -> bool:
    """Whether the label of the words ``start`` to ``end`` is known.

    A mask on one of them hides it, and so does a mask on the next word, to which a span might
    extend.
    """
    return example.masked.isdisjoint(range(start, end + 1))


def unmatched(
    texts: Sequence[tuple[Example, Form]], trie: Trie, once: set[Form], tags: Sequence[str]
) -> tuple[float, ...]:
    """The distribution of words that match no form.

    It is counted in training, plus one for each tag. Spans whose form was annotated ``once``
    represent those not seen yet (Good 1953): without their own mention, none would match.

    Returns:
        [tags].
    """
    counts = dict.fromkeys(tags, 1.0)
    for example, words in texts:
        known = {
            i
            for start, end in longest_matches(trie, words)
            if words[start:end] not in once or not visible(example, start, end)
            for i in range(start, end)
        }
        for i, tag in enumerate(tags_of(example)):
            if i not in known and i not in example.masked:
                counts[tag] += example.weight
    total = sum(counts.values())
    return tuple(count / total for count in counts.values())


@dataclass(frozen=True)
class FittedGazetteer:
    """A filled dictionary; ``unmatched`` is the [tags] distribution of words that match no form."""

    forms: dict[Form, Entry]
    unmatched: tuple[float, ...]
    case: Case
    labels: tuple[str, ...]
    report: FitReport

    @cached_property
    def answers(self) -> dict[Form, Answer]:
        return {form: answer(entry, self.labels) for form, entry in self.forms.items()}

    @cached_property
    def trie(self) -> Trie:
        return trie_of(self.forms)

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """Yield predictions in the order of ``sentences``.

        Every match is a span, however low its confidence: thresholds are separate.
        """
        rest = np.array(self.unmatched, dtype=np.float32)
        with progress.bar("annotate (sentences)", len(sentences)) as advance:
            for sentence in sentences:
                words = normalised(sentence.tokens, self.case)
                rows = np.tile(rest, (len(words), 1))
                confidence = np.full(len(words), rest[0])
                spans = []
                for start, end in longest_matches(self.trie, words):
                    found = self.answers[words[start:end]]
                    rows[start], rows[start + 1 : end], confidence[start:end] = (
                        found.first,
                        found.inner,
                        found.confidence,
                    )
                    spans.append(Span(start, end, found.label))
                repairs = int((rows.max(axis=1) > confidence).sum()) if words else 0
                yield Prediction(
                    sentence, tuple(spans), rows.astype(np.float16), confidence, repairs
                )
                advance(1)

    def save(self, directory: Path) -> None:
        """Write the dictionary as JSON."""
        directory.mkdir(parents=True, exist_ok=True)
        rows = [[form, entry.seen, entry.spans] for form, entry in self.forms.items()]
        text = json.dumps(
            {"labels": self.labels, "unmatched": self.unmatched, "forms": rows}, ensure_ascii=False
        )
        (directory / FILE).write_text(text, encoding="utf-8")


def answer(entry: Entry, labels: Sequence[str]) -> Answer:
    """Predict the most frequent class of a form (in a tie the first).

    Its confidence is the share of the form's occurrences that were spans of it, by Laplace's rule
    of succession, (n + 1) / (N + 2). The rest goes to the other classes and O, plus one for each.
    """
    best = max(range(len(labels)), key=lambda k: entry.spans[k])
    confidence = (entry.spans[best] + 1) / (entry.seen + 2)
    # O, then the classes
    others = np.array([max(0.0, entry.seen - sum(entry.spans)), *entry.spans]) + 1
    others[best + 1] = 0.0
    shares = others / others.sum() * (1 - confidence)
    shares[best + 1] = confidence
    first = np.zeros(1 + 2 * len(labels), dtype=np.float32)
    inner = first.copy()
    first[0] = inner[0] = shares[0]
    first[1::2] = inner[2::2] = shares[1:]
    return Answer(labels[best], first[2 * best + 1], first, inner)
