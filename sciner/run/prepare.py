"""From a configuration to rounds that are ready to begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sciner.config import RunConfig
from sciner.errors import InputError
from sciner.run.build import (
    build_annotator,
    build_llm,
    build_scorer,
    build_tagger,
    build_teacher,
    build_threshold,
)
from sciner.run.corpus import read_corpus
from sciner.run.questions import Asking, questions_of
from sciner.text.corpus import Corpus, Sentence, labels_of

if TYPE_CHECKING:
    from sciner.loop.rounds import Round
    from sciner.loop.steps.runner import KeepWeights, StepRunner
    from sciner.policy.annotator import Annotator
    from sciner.policy.people import Answers
    from sciner.policy.seed import Split
    from sciner.search.trial import Trial
    from sciner.store.store import Store
    from sciner.tagger.llm.tagger import LlmTagger


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is ready to begin.

    Attributes:
        corpus: of the run.
        parts: seed set, pool and dev, with the pool's gold for scores.
        steps: computes each step, or finds it in the store.
        rounds: not yet started.
        trial: of a search; None without one.
        llm: the language model that the run asks; None without one.
        questions: what it may be asked at most.
    """

    corpus: Corpus
    parts: Split
    steps: StepRunner
    rounds: Iterator[Round]
    trial: Trial | None
    llm: LlmTagger | None
    questions: Callable[[], list[Asking]]


def prepare(
    config: RunConfig,
    store: Store,
    *,
    shared: bool = False,
    answers: Answers = MappingProxyType({}),
    corpus: Corpus | None = None,
) -> Prepared:
    """Read the corpus and build everything that the rounds need.

    Nothing is written or trained before the first of ``rounds`` is requested.

    Args:
        config: of the run.
        store: of the run.
        shared: see ``StepRunner``.
        answers: of people, in earlier sessions of the run.
        corpus: of the run, if it has been read before.

    Raises:
        InputError: a setting or the corpus is invalid.
    """
    from sciner.loop.iteration import Iteration
    from sciner.loop.out_of_fold import refuse_small
    from sciner.loop.rounds import run_rounds
    from sciner.loop.steps.runner import StepRunner

    corpus = corpus or read_corpus(config.data)
    refuse_without_entities(corpus)
    parts = parts_of(config, corpus)
    llm = build_llm(config, corpus.labels, store)
    early = (*parts.seed_set, *parts.dev)
    refuse_other_text(answers, (*parts.pool, *corpus.unlabelled))
    annotator = build_annotator(
        config, corpus.labels, parts.withheld(), llm, early, parts.seed_set, answers
    )
    threshold = build_threshold(config, corpus.labels)
    iteration = Iteration(**config.iteration.model_dump())
    if threshold.needs_judged or iteration.needs_judged or config.suspects:
        refuse_small(parts.seed_set)

    def begin(
        corpus: Corpus, parts: Split, weights: KeepWeights, suspects: bool = False
    ) -> tuple[StepRunner, Iterator[Round]]:
        tagger, people = build_tagger(config, corpus.labels, llm), config.annotator.kind == "people"
        steps = StepRunner(tagger, store, corpus.labels, weights, shared, resumes=people)
        rounds = run_rounds(
            corpus,
            parts,
            steps,
            threshold,
            iteration,
            seed=config.seed,
            annotator=annotator,
            acquire=config.acquire.policy(),
            scorer=build_scorer(config, steps),
            suspects=suspects,
            asked=build_teacher(config, llm),
        )
        return steps, rounds

    steps, rounds = begin(corpus, parts, config.store.keep_weights, config.suspects)
    again = partial(begin, weights="none")
    trial = trial_of(config, corpus, parts, annotator, steps, iteration.rounds + 1, again)
    return Prepared(
        corpus,
        parts,
        steps,
        trial.watch(rounds) if trial else rounds,
        trial,
        llm,
        partial(questions_of, config, corpus, parts, annotator, llm),
    )


def parts_of(config: RunConfig, corpus: Corpus) -> Split:
    """Seed set, pool and dev of a run.

    Raises:
        InputError: their sizes do not fit the corpus.
    """
    from sciner.policy.seed import Amount, split

    data = config.data
    parts = split(
        corpus.train,
        corpus.dev,
        seed=config.seed,
        order=data.seed_order,
        seed_size=Amount.parse(data.seed_size),
        dev_size=Amount.parse(data.dev_size),
        limit=data.limit,
        zero_shot=config.iteration.teacher == "llm",
    )
    return replace(parts, pool=()) if data.pool == "unlabelled" else parts


def trial_of(
    config: RunConfig,
    corpus: Corpus,
    parts: Split,
    annotator: Annotator,
    steps: StepRunner,
    rounds: int,
    again: Callable[..., tuple[StepRunner, Iterator[Round]]],
) -> Trial | None:
    """The trial of a search that the run is; None if it is none.

    Args:
        config: of the run.
        corpus: of the run.
        parts: of the run.
        annotator: of the run.
        steps: of the run.
        rounds: how many there are at most, round 0 included.
        again: begins the rounds on another corpus and other parts, for ``cross_fit``.
    """
    if config.search.trial is None:
        return None
    from sciner.search.folds import CrossFit
    from sciner.search.trial import dev_f1, open_trial

    folds = (
        CrossFit(corpus, parts, annotator, again, config.search.folds)
        if config.search.objective == "cross_fit"
        else None
    )
    return open_trial(config.search, folds or dev_f1, steps, rounds)


def refuse_without_entities(corpus: Corpus) -> None:
    """Raise InputError if train or test has no entity."""
    for split in ("train", "test"):
        if not any(s.spans for s in getattr(corpus, split)):
            raise InputError(
                f"no entity in data.{split}", hint="check data.format, data.columns and data.scheme"
            )


def refuse_other_text(answers: Answers, pool: Iterable[Sentence]) -> None:
    """Raise InputError for answers to sentences that are not in the pool."""
    texts = {s.id: s.tokens for s in pool if s.id in answers}
    for id, said in answers.items():
        if any(answer.tokens != texts.get(id) for answer in said):
            raise InputError(
                f"people have labelled {id}, which is not in the pool with this text",
                hint="restore the text, or give another hydra.run.dir=DIR",
            )


def classes_without_training(corpus: Corpus) -> list[str]:
    """The classes of test's gold that no training sentence has; all of their spans are missed."""
    train, test = (set(labels_of(sentences)) for sentences in (corpus.train, corpus.test))
    return sorted(test - train)
