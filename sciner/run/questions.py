"""What a run may ask a language model, and what that would cost, before anything is asked."""

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

CHARACTERS = 4  # of a token, by a rule of thumb for English
ANSWER = 40  # tokens of one, by another


@dataclass(frozen=True)
class Asking:
    """At most ``most`` of ``sentences``, which nobody can name before, are asked about; as often as
    ``times``, with other demonstrations each."""

    fitted: FittedLlm
    sentences: Sequence[Sentence]
    most: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class Expected:
    """At most so many questions that the store does not know, and their price by a rule of thumb: a
    token is taken for four characters, an answer for forty tokens. None without prices."""

    questions: int
    money: float | None


def questions_of(
    config: RunConfig,
    corpus: Corpus,
    parts: Split,
    annotator: Annotator,
    llm: LlmTagger | None,
) -> list[Asking]:
    """What a run may ask, by role."""
    if llm is None:
        return []
    from sciner.tagger.llm.annotator import LlmAnnotator

    rounds, found = config.iteration.rounds, []
    pool = [s.withheld() for s in (*parts.pool, *corpus.unlabelled)]
    early = [s.withheld() for s in (*parts.seed_set, *parts.dev)]
    by_llm = isinstance(annotator, LlmAnnotator) and bool(early) and not annotator.by_people
    # what a model that labels the seed set will say of it is not known yet
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
    """All that several runs may ask together: what they share is counted once. None where there is
    nothing to ask."""
    wanted: dict[str, tuple[int, int, int, float]] = {}  # by sentences: most, missing, more, price
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
