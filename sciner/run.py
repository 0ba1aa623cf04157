"""`sciner run`: from a configuration to rounds on disk and in the tracker."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
import traceback
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.build import build_acquire, build_annotator, build_scorer, build_store, build_tagger, build_threshold
from sciner.config import RunConfig
from sciner.config.model import ModelConfig
from sciner.config.places import TrackingConfig
from sciner.corpora import read_corpus
from sciner.errors import InputError
from sciner.text.corpus import Corpus, Sentence

if TYPE_CHECKING:
    from sciner.kept import Weights
    from sciner.loop import Round
    from sciner.policy.seed import Split
    from sciner.results import RunFolder
    from sciner.search.trial import Trial
    from sciner.steps import Steps
    from sciner.store import Store
    from sciner.tagger.base import Fitted
    from sciner.track import Guarded

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One point of a sweep, as it was asked for. overrides: the words of the command line, ``key=value``. choices: the file
    that was taken of each group of conf/."""

    directory: Path
    overrides: tuple[str, ...]
    project: Path
    sweep: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " ".join(self.overrides) or "defaults"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is ready to begin. pool: with its gold, for the report."""

    corpus: Corpus
    pool: tuple[Sentence, ...]
    steps: Steps
    rounds: Iterator[Round]
    trial: Trial | None


def prepare(config: RunConfig, store: Store, *, shared: bool = False) -> Prepared:
    """Read the corpus and build everything that the rounds need. Raises InputError for what cannot be meant; nothing is
    written or trained before the first of ``rounds`` is asked for. shared: see ``Steps``."""
    from sciner.loop import Iteration, run_rounds
    from sciner.policy.seed import Amount, split
    from sciner.steps import Steps

    data = config.data
    corpus = read_corpus(data)
    parts = split(
        corpus.train,
        corpus.dev,
        seed=config.seed,
        order=data.seed_order,
        seed_size=Amount.parse(data.seed_size),
        dev_size=Amount.parse(data.dev_size),
        limit=data.limit,
    )
    if data.pool == "unlabelled":
        parts = replace(parts, pool=())
    annotator = build_annotator(config, corpus.labels, parts.withheld())
    threshold = build_threshold(config, corpus.labels)
    iteration = Iteration(**config.iteration.model_dump())

    def begin(corpus: Corpus, parts: Split, weights: Weights) -> tuple[Steps, Iterator[Round]]:
        steps = Steps(build_tagger(config, corpus.labels), store, corpus.labels, weights, shared)
        rounds = run_rounds(
            corpus,
            parts,
            steps,
            threshold,
            iteration,
            seed=config.seed,
            annotator=annotator,
            acquire=build_acquire(config),
            scorer=build_scorer(config, steps),
        )
        return steps, rounds

    steps, rounds = begin(corpus, parts, config.store.weights)
    trial = None
    if config.search.trial is not None:
        from sciner.search.folds import CrossFit
        from sciner.search.trial import dev_f1, open_trial

        again = partial(begin, weights="none")
        folds = (
            CrossFit(corpus, parts, annotator, again, config.search.folds) if config.search.objective == "cross_fit" else None
        )
        trial = open_trial(config.search, folds or dev_f1, steps, iteration.rounds + 1)
    return Prepared(corpus, parts.pool, steps, trial.watch(rounds) if trial else rounds, trial)


def execute(config: RunConfig, job: Job) -> tuple[int, list[str]]:
    """Run the rounds; results reach ``job.directory`` before the tracker. Returns 0, or 3 where the tracker was lost, and
    what the store may forget when the sweep has ended.

    Raises InputError for bad input, before anything is written or trained.
    """
    from sciner.report.terminal import console, print_run
    from sciner.results import RunFolder
    from sciner.track import Guarded, redacted

    store = build_store(config.store, job.project)
    ready = prepare(config, store, shared=job.sweep is not None)
    corpus = ready.corpus
    for note, count in sorted(corpus.notes.items()):
        log.warning("%s: %d", note, count)

    about: dict[str, Any] = {
        "id": uuid.uuid4().hex[:12],
        "name": redacted(job.name),
        "params": params(config, job),
        "tags": tags(config, job, corpus),
        "labels": corpus.labels,
    }
    folder = RunFolder.create(job.directory, config.model_dump(), about)
    folder.write_gold(corpus.test, ready.pool)
    shown = make_tracker(config.tracking, job.project)
    tracker = Guarded(shown)
    tracker.start(about["name"], about["params"], about["tags"] | {"sciner.run": about["id"]})
    tracker.artifact(folder.config)
    if shown.run_id:
        folder.about(mlflow=shown.run_id)
    try:
        last = follow(ready.rounds, folder, tracker)
        if config.tracking.save_weights:
            save_tagger(last.fit.live(), folder.path / "model", config.model, corpus.labels)
            tracker.artifact(folder.path / "model", "model")
        conclude(ready, folder, tracker, store, {"run": about["id"], "directory": str(job.directory)})
    except BaseException as error:
        tracker.finish("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    print_run(console(), folder.read(), corpus.labels)
    if config.data.seed_order.startswith("oracle"):
        log.warning("data.seed_order=%s looked at withheld labels: no annotator could have chosen so", config.data.seed_order)
    return 3 if tracker.lost else 0, ready.steps.kept.spare


def follow(rounds: Iterable[Round], folder: RunFolder, tracker: Guarded) -> Round:
    """Each round reaches the folder before the tracker. Returns the last."""
    for done in rounds:
        folder.write_round(done)
        tracker.scores(done.scores, done.number)
        tracker.curve(f"train/round_{done.number}/loss", done.fit.report.losses)
        known = ", known from the store" if all(step.hit for step in done.steps) else ""
        log.info("round %d: entity F1 %.3f%s", done.number, done.scores["test/f1/micro"], known)
    return done


def conclude(ready: Prepared, folder: RunFolder, tracker: Guarded, store: Store, run: Mapping[str, str]) -> None:
    """The end of the last round, told to the folder, the store, the study and the tracker. run: what the study keeps."""
    hits = sum(step.hit for step in ready.steps.taken)
    cache = f"{hits} of {len(ready.steps.taken)} steps known"
    pruned = ready.trial.pruned if ready.trial else None
    status = "FINISHED" if pruned is None else "KILLED"  # what has fewer rounds than asked for must not pass for the whole
    folder.about(status=status, ended=time.time(), cache=cache, **({} if pruned is None else {"pruned": pruned}))
    store.record(folder.archive)
    if ready.trial:
        ready.trial.tell(run)
    tracker.tag("sciner.cache", cache)
    if pruned is not None:
        log.info("pruned after round %d: the study's other trials were better by then", pruned)
        tracker.tag("sciner.pruned", str(pruned))
    tracker.artifact(folder.rounds)
    tracker.artifact(folder.last_round, folder.last_round.name)
    tracker.finish(status)


def save_tagger(fitted: Fitted, folder: Path, model: ModelConfig, labels: Sequence[str]) -> None:
    """Save a trained tagger, and in ``sciner.json`` what it takes to restore it (``annotate.open_tagger``)."""
    fitted.save(folder)
    about = {"version": 1, "labels": list(labels), "model": model.model_dump()}
    (folder / "sciner.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def make_tracker(config: TrackingConfig, project: Path) -> Any:
    from sciner.track import MlflowTracker, NoTracker, place_of

    if config.kind == "none":
        return NoTracker()
    return MlflowTracker(place_of(config.uri, project), config.experiment)


def params(config: RunConfig, job: Job) -> dict[str, str]:
    """What the user set, and the seed."""
    from sciner.track import redacted

    pairs = (word.lstrip("+~").partition("=") for word in job.overrides)
    return {"seed": str(config.seed)} | {key.replace("@", "."): redacted(value) for key, _, value in pairs}


def tags(config: RunConfig, job: Job, corpus: Corpus) -> dict[str, str]:
    from sciner.provenance import git_state, versions

    found = {"sciner.corpus": corpus.name, "sciner.corpus_digest": corpus.digest(), "sciner.directory": str(job.directory)}
    if job.sweep:
        found["sciner.sweep"] = job.sweep
    if config.search.trial is not None:
        found |= {"sciner.study": str(config.search.study), "sciner.trial": str(config.search.trial)}
    if config.data.seed_order.startswith("oracle"):
        found["sciner.oracle"] = config.data.seed_order
    found |= {f"choice.{group}": choice for group, choice in job.choices.items()}
    return found | git_state() | versions()


def attempt(values: Mapping[str, Any], job: Job) -> int:
    """One job, whatever happens: its exit code, its traceback in its own log. Only Ctrl-C gets through."""
    from sciner.config import parse

    began = time.perf_counter()
    code, problem, spare = 1, "", list[str]()
    try:
        code, spare = execute(parse(values), job)
    except InputError as error:
        code, problem = 2, str(error)
        if job.sweep:
            log.error("%s", problem)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            code, problem = 2, f"{error.filename or job.directory}: the disk is full; free some and run the same words again"
        log.error("%s", problem or traceback.format_exc())
    finally:
        seconds = time.perf_counter() - began
        note_outcome({"job": job.name, "code": code, "problem": problem, "seconds": seconds, "spare": spare}, job.directory)
    return code


def note_outcome(outcome: Mapping[str, Any], directory: Path) -> None:
    """One line for the parent, which a launcher may have left in another process."""
    if place := os.environ.get("SCINER_OUTCOMES"):
        line = json.dumps({**outcome, "directory": str(directory)})
        with Path(place).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def read_outcomes(place: Path) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
