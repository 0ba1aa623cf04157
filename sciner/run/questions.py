"""Estimates what a run may ask a language model, and at what cost, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sciner.config import RunConfig
from sciner.hashing import digest
from sciner.text.corpus import Corpus, Sentence, gold_example

if TYPE_CHECKING:
    from sciner.policy.annotator import Annotator
    from sciner.policy.seed import Split
    from sciner.tagger.llm.tagger import FittedLlm, LlmTagger

CHARACTERS = 4  # per token, a rule of thumb for English
ANSWER = 40  # tokens per answer, a rule of thumb


@dataclass(frozen=True)
class Asking:
    """At most ``most`` of ``sentences`` are asked about; which ones is not known beforehand.

    Attributes:
        fitted: the language model.
        sentences: the candidates.
        most: how many of them, at most.
        times: how often each, with other demonstrations each time.
    """

    fitted: FittedLlm
    sentences: Sequence[Sentence]
    most: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class Expected:
    """An upper bound on questions whose answers the store lacks, and their estimated price.

    Attributes:
        questions: at most so many.
        money: estimated with four characters per token and forty tokens per answer; None without
            prices.
    """

    questions: int
    money: float | None


def questions_of(
    config: RunConfig,
    corpus: Corpus,
    parts: Split,
    annotator: Annotator,
    llm: LlmTagger | None,
) -> list[Asking]:
    """What a run may ask, for each role of the language model."""
    if llm is None:
        return []
    from sciner.tagger.llm.annotator import LlmAnnotator

    rounds, found = config.iteration.rounds, []
    pool = [s.withheld() for s in (*parts.pool, *corpus.unlabelled)]
    early = [s.withheld() for s in (*parts.seed_set, *parts.dev)]
    by_llm = isinstance(annotator, LlmAnnotator) and bool(early) and not annotator.by_people
    # if the model labels the seed set, its answers are not known yet
    shown = () if by_llm else annotator.label([s.withheld() for s in parts.seed_set])
    fitted = llm.fit([gold_example(s) for s in shown], seed=config.seed)
    if isinstance(annotator, LlmAnnotator):
        if by_llm:
            found.append(Asking(annotator.fitted, early, len(early)))
        acquire = config.acquire.policy()
        if acquire.buys:
            batch = acquire.size([*early, *parts.pool])
            each = batch if acquire.unit == "sentences" else len(parts.pool)
            found.append(Asking(annotator.fitted, pool, min(len(pool), int(rounds * each + 0.5))))
    if config.iteration.teacher != "tagger":
        found.append(Asking(fitted, pool, len(pool)))
    if config.model.kind == "llm":
        judged = [s.withheld() for s in (*corpus.test, *parts.dev)]
        found.append(Asking(fitted, judged, len(judged), rounds + 1))
        found += [Asking(fitted, pool, len(pool), rounds)] if rounds else []
    return found


def expected(asking: Iterable[Asking]) -> Expected | None:
    """What several runs may ask together, counting what they share once.

    Returns:
        None if there is nothing to ask.
    """
    # by the digest of the questions: most, missing, more, price
    wanted: dict[str, tuple[int, int, int, float]] = {}
    priced = True
    for one in asking:
        asker = one.fitted.tagger.asker
        questions = one.fitted.questions(one.sentences)
        keys = asker.keys(questions)
        missing = [k for k in keys if not asker.store.has(k)]
        each = sum(len(q.text()) for q in questions) // CHARACTERS // max(1, len(questions))
        price = asker.prices.usage(each, ANSWER).money
        priced = priced and price > 0
        most = one.most * one.fitted.tagger.recipe.samples
        name = digest(sorted(keys))
        before, _, more, _ = wanted.get(name, (0, 0, 0, 0.0))
        further = max(more, len(keys) * (one.times - 1))
        wanted[name] = before + most, len(set(missing)), further, price
    if not wanted:
        return None
    counted = [(min(m, n) + more, price) for m, n, more, price in wanted.values()]
    money = sum(count * price for count, price in counted)
    return Expected(sum(count for count, _ in counted), money if priced else None)
