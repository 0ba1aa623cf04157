"""Two people's labels of one paper compared: `python -m experiments.auto_vs_manual.people FIRST
SECOND` (CoNLL files).

The two tokenised and split it in their own ways: what is compared is what a matching of their
tokens (difflib) has in common, as one long sentence, and of the spans those that lie in it
whole.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

from sciner.score.gold import agreement_scores
from sciner.text.corpus import Sentence
from sciner.text.formats.read import read_file
from sciner.text.spans import Span


def main(first: str, second: str) -> None:
    a, b = (
        whole(read_file(path, split="test", notes=Counter(), format="conll"))
        for path in (first, second)
    )
    blocks = SequenceMatcher(None, a.tokens, b.tokens, autojunk=False).get_matching_blocks()
    ours = restricted(a, [i for i, _, size in blocks for i in range(i, i + size)])
    theirs = restricted(b, [j for _, j, size in blocks for j in range(j, j + size)])
    spans = " and ".join(f"{len(side.spans or ())}" for side in (ours, theirs))
    print(
        f"{len(a.tokens):,} and {len(b.tokens):,} tokens, {len(ours.tokens):,} in common; spans "
        f"in these: {spans}"
    )
    for name, value in agreement_scores([ours], [theirs]).items():
        print(f"{name} {value:.3f}")


def whole(sentences: Iterable[Sentence]) -> Sentence:
    """One behind the other."""
    tokens: list[str] = []
    spans: list[Span] = []
    for s in sentences:
        spans += [Span(x.start + len(tokens), x.end + len(tokens), x.label) for x in s.spans or ()]
        tokens += s.tokens
    return Sentence("paper#0", tuple(tokens), tuple(spans))


def restricted(sentence: Sentence, kept: list[int]) -> Sentence:
    """To the tokens at the places ``kept``, and the spans all of whose tokens are."""
    place = {old: new for new, old in enumerate(kept)}
    inside = [x for x in sentence.spans or () if all(i in place for i in range(x.start, x.end))]
    spans = tuple(Span(place[x.start], place[x.end - 1] + 1, x.label) for x in inside)
    return Sentence(sentence.id, tuple(sentence.tokens[i] for i in kept), spans)


if __name__ == "__main__":
    main(*sys.argv[1:])
