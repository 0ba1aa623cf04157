"""Counts of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sciner.text.corpus import Sentence
from sciner.text.leaks import casefolded, form_of, leaked


@dataclass(frozen=True, slots=True)
class SplitStats:
    """Counts of one split.

    Attributes:
        documents, sentences, tokens, spans: their numbers.
        longest: tokens of the longest sentence.
        longest_id: its id.
        duplicates: sentences with the text of an earlier one, ignoring case.
        classes: spans by label.
        dropped: gold spans that the reader could not keep (``Sentence.dropped``), by label.
    """

    documents: int
    sentences: int
    tokens: int
    spans: int
    longest: int
    longest_id: str
    duplicates: int
    classes: dict[str, int]
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A surface form, case aside, that carries several labels, with the spans of each."""

    form: str
    labels: dict[str, int]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many sentences of one split have a text, case aside, that stands in another."""

    split: str
    other: str
    sentences: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of a corpus.

    Attributes:
        splits: by name.
        overlaps: of every two splits.
        conflicts: surface forms with several labels, those with most spans outside their most
            frequent label first.
    """

    splits: dict[str, SplitStats]
    overlaps: tuple[Overlap, ...]
    conflicts: tuple[Conflict, ...]


def describe(splits: Mapping[str, Sequence[Sentence]]) -> Stats:
    """Figures of ``splits`` by name; empty ones are left out."""
    filled = {name: sentences for name, sentences in splits.items() if sentences}
    return Stats(
        {name: _count(sentences) for name, sentences in filled.items()},
        tuple(
            Overlap(a, b, len(leaked(filled[a], filled[b], min_tokens=1)))
            for a, b in combinations(filled, 2)
        ),
        tuple(_conflicts(s for sentences in filled.values() for s in sentences)),
    )


def _count(sentences: Sequence[Sentence]) -> SplitStats:
    longest = max(sentences, key=lambda s: len(s.tokens))
    classes = Counter(span.label for s in sentences for span in s.spans or ())
    return SplitStats(
        documents=len({s.document for s in sentences}),
        sentences=len(sentences),
        tokens=sum(len(s.tokens) for s in sentences),
        spans=classes.total(),
        longest=len(longest.tokens),
        longest_id=longest.id,
        duplicates=len(sentences) - len({form_of(s) for s in sentences}),
        classes=dict(sorted(classes.items())),
        dropped=_sorted(label for s in sentences for label in s.dropped),
    )


def dropped_spans(splits: Mapping[str, Sequence[Sentence]]) -> dict[str, dict[str, object]]:
    """What every split lost in reading.

    Returns:
        By split: how many spans ("spans"), of which "classes", in which "documents".
    """
    return {
        name: {
            "spans": sum(len(s.dropped) for s in sentences),
            "classes": _sorted(label for s in sentences for label in s.dropped),
            "documents": _sorted(s.document for s in sentences for _ in s.dropped),
        }
        for name, sentences in splits.items()
        if any(s.dropped for s in sentences)
    }


def _sorted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _conflicts(sentences: Iterable[Sentence]) -> list[Conflict]:
    labels: dict[str, Counter[str]] = {}
    for sentence in sentences:
        words = casefolded(sentence)
        for start, end, label in sentence.spans or ():
            labels.setdefault(" ".join(words[start:end]), Counter())[label] += 1
    several = [
        Conflict(form, dict(seen.most_common())) for form, seen in labels.items() if len(seen) > 1
    ]
    return sorted(several, key=lambda c: (max(c.labels.values()) - sum(c.labels.values()), c.form))
