"""Optional repairs of what readers reject, for datasets that their users cannot edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Literal

from sciner.text.corpus import UNMASKED, Sentence
from sciner.text.formats.check import MAX_TOKENS
from sciner.text.formats.running import UNMET, joined
from sciner.text.formats.segment import sentence_bounds
from sciner.text.spans import Span

# drop_blank_tokens: leave out tokens that are empty or white space. longest_span: keep the longest
# of overlapping spans. split_sentences: split blocks of tokens that contain several sentences
Repair = Literal["drop_blank_tokens", "longest_span", "split_sentences"]
Repairs = Collection[Repair]
BLANK = "blank tokens dropped"
SPLIT = "sentences split"


def longest_allowed(repair: Repairs) -> int | None:
    """How many tokens a sentence may have when it is read; None if it is split later."""
    return None if "split_sentences" in repair else MAX_TOKENS


def without_blanks(
    tokens: Sequence[str], spans: Iterable[Span], masked: Iterable[int]
) -> tuple[list[Span], frozenset[int]]:
    """Renumber spans and masked tokens after blank tokens were removed.

    Args:
        tokens: with the blank ones.
        spans: in positions of ``tokens``; a span of blank tokens only is dropped.
        masked: positions in ``tokens``.
    """
    place = [0, *accumulate(bool(token.strip()) for token in tokens)]
    moved = [Span(place[s.start], place[s.end], s.label) for s in spans]
    kept = frozenset(place[i] for i in masked if tokens[i].strip())
    return [s for s in moved if s.start < s.end], kept or UNMASKED


def split_sentences(sentences: Sequence[Sentence], notes: Counter[str]) -> list[Sentence]:
    """Split blocks of several sentences, and number the sentences again in their documents.

    Args:
        sentences: as read.
        notes: counts the blocks that were split, and the spans that were dropped because they
            crossed the end of a sentence.
    """
    seen: Counter[str] = Counter()
    found: list[Sentence] = []
    for sentence in sentences:
        parts = list(_parts(sentence))
        if len(parts) > 1:
            notes[SPLIT] += 1
        if lost := sum(len(part.dropped) for part in parts) - len(sentence.dropped):
            notes[UNMET] += lost
        for part in parts:
            found.append(replace(part, id=f"{part.document}#{seen[part.document]}"))
            seen[part.document] += 1
    return found


def _parts(sentence: Sentence) -> Iterable[Sentence]:
    offsets = joined(sentence.tokens)
    first = {a: i for i, (a, _) in enumerate(offsets)}
    bounds = sentence_bounds(" ".join(sentence.tokens))
    starts = [first[a] for a, _ in bounds if a in first]
    dropped = sentence.dropped
    for start, end in zip(starts, [*starts[1:], len(offsets)], strict=True):
        inside = [s for s in sentence.spans or () if start <= s.start < end]
        held = tuple(Span(s.start - start, s.end - start, s.label) for s in inside if s.end <= end)
        lost = tuple(s.label for s in inside if s.end > end)
        masked = frozenset(i - start for i in sentence.masked if start <= i < end) or UNMASKED
        spans = None if sentence.spans is None else held
        yield replace(
            sentence,
            tokens=sentence.tokens[start:end],
            spans=spans,
            masked=masked,
            dropped=dropped + lost,
        )
        dropped = ()
