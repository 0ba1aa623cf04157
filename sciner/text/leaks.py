"""Training and pool sentences that are also in dev or test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from sciner.text.corpus import Corpus, Sentence

Guard = Literal["none", "report", "drop"]
# how the Penn Treebank writes them, and therefore many corpora
ESCAPED = {"``": '"', "''": '"'} | {
    f"-{name}-": bracket
    for name, bracket in zip(("lrb", "rrb", "lsb", "rsb", "lcb", "rcb"), "()[]{}", strict=True)
}


def casefolded(sentence: Sentence) -> tuple[str, ...]:
    """The tokens without their case."""
    return tuple(token.casefold() for token in sentence.tokens)


def form_of(sentence: Sentence) -> str:
    """The text without case and spaces.

    Two sentences are the same text if these are equal, even if they are tokenised differently.
    """
    return "".join(ESCAPED.get(token, token) for token in casefolded(sentence))


def leaked(
    sentences: Iterable[Sentence], held_out: Iterable[Sentence], min_tokens: int
) -> tuple[Sentence, ...]:
    """Find sentences that are also in ``held_out``.

    Sentences of fewer than ``min_tokens`` tokens are ignored; they are mostly headings.
    """
    known = {form_of(sentence) for sentence in held_out}
    return tuple(s for s in sentences if len(s.tokens) >= min_tokens and form_of(s) in known)


def guard(corpus: Corpus, how: Guard, min_tokens: int) -> Corpus:
    """Count leaked sentences in the notes (``report``), and leave them out (``drop``).

    Training sentences and unlabelled ones may leak: both are in the pool.
    """
    if how == "none":
        return corpus
    notes: Counter[str] = Counter()

    def guarded(sentences: tuple[Sentence, ...], kind: str) -> tuple[Sentence, ...]:
        ids = {s.id for s in leaked(sentences, (*corpus.dev, *corpus.test), min_tokens)}
        dropped = "dropped, because they" if how == "drop" else "that"
        notes.update(+Counter({f"{kind} sentences {dropped} are also in dev or test": len(ids)}))
        return tuple(s for s in sentences if s.id not in ids) if how == "drop" else sentences

    return replace(
        corpus,
        train=guarded(corpus.train, "training"),
        unlabelled=guarded(corpus.unlabelled, "unlabelled"),
        notes=corpus.notes + notes,
    )
