"""Training sentences that are also in dev or test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from sciner.text.corpus import Corpus, Sentence

Guard = Literal["none", "report", "drop"]


def casefolded(sentence: Sentence) -> tuple[str, ...]:
    """The tokens without their case; sentences are the same text if these are equal."""
    return tuple(token.casefold() for token in sentence.tokens)


def leaked(
    train: Iterable[Sentence], held_out: Iterable[Sentence], min_tokens: int
) -> tuple[Sentence, ...]:
    """Find training sentences that are also in ``held_out``.

    Sentences of fewer than ``min_tokens`` tokens are ignored; they are mostly headings.
    """
    known = {casefolded(sentence) for sentence in held_out}
    return tuple(s for s in train if len(s.tokens) >= min_tokens and casefolded(s) in known)


def guard(corpus: Corpus, how: Guard, min_tokens: int) -> Corpus:
    """Count leaked training sentences in the notes (``report``), and leave them out (``drop``)."""
    found = leaked(corpus.train, (*corpus.dev, *corpus.test), min_tokens) if how != "none" else ()
    if not found:
        return corpus
    if how == "report":
        return replace(
            corpus,
            notes=corpus.notes
            + Counter({"training sentences that are also in dev or test": len(found)}),
        )
    ids = {sentence.id for sentence in found}
    train = tuple(s for s in corpus.train if s.id not in ids)
    notes = corpus.notes + Counter(
        {"training sentences dropped, because they are also in dev or test": len(found)}
    )
    return replace(corpus, train=train, notes=notes)
