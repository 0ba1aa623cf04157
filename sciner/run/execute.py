"""`sciner run`: from a configuration to rounds on disk and in the tracker."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.config import RunConfig
from sciner.config.conf import NO_RESULT
from sciner.config.places import TrackingConfig
from sciner.hashing import digest
from sciner.policy.people import LabelsWanted
from sciner.run.annotate import note_tokens
from sciner.run.build import build_store
from sciner.run.datasets import datasets_of
from sciner.run.job import Job
from sciner.run.prepare import Prepared, classes_without_training, prepare
from sciner.run.saved import save_tagger
from sciner.run.threshold import note_threshold
from sciner.text.corpus import Corpus, labels_of
from sciner.text.stats import dropped_spans

if TYPE_CHECKING:
    from sciner.loop.rounds import Round
    from sciner.policy.people import Answers
    from sciner.results.folder import RunFolder
    from sciner.results.people import Waiting
    from sciner.store.store import Store
    from sciner.tracking.tracker import GuardedTracker, Tracker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Executed:
    """A run that has ended, or that waits for people.

    Attributes:
        rounds: the lines of ``rounds.jsonl``.
        labels: the classes.
        lost: whether the tracker failed.
        tracked: whether the tracker has the run.
        spare: keys that the store may delete when the sweep has ended.
        waiting: what people have to do, if the run waits for them.
    """

    rounds: list[dict[str, Any]]
    labels: tuple[str, ...]
    lost: bool
    tracked: bool
    spare: list[str]
    waiting: Waiting | None


def execute(config: RunConfig, job: Job) -> Executed:
    """Run the rounds; results are written to ``job.directory`` before they are tracked.

    Raises:
        InputError: the input is invalid, or another run is active in the folder; nothing has been
            written or trained.
    """
    from sciner.results.folder import reserved

    store = build_store(config.store, job.project)
    ready = prepare(
        config, store, shared=job.sweep is not None, answers=read_answers(config, job.directory)
    )
    for note, count in sorted(ready.corpus.notes.items()):
        log.warning("%s: %d", note, count)
    if ready.llm:  # before any money is spent
        ready.llm.asker.endpoint.check(ready.llm.recipe.name)
    if lost := classes_without_training(ready.corpus):
        there = ", ".join(labels_of(ready.corpus.train))
        log.warning(
            "classes of test that do not occur in train: %s (train has %s)", ", ".join(lost), there
        )
    with reserved(job.directory, config.store.locks):
        done = carry_out(config, job, ready, store)
    if config.data.seed_order.startswith("oracle"):
        log.warning(
            "data.seed_order=%s used withheld labels: no annotator could have chosen this seed set",
            config.data.seed_order,
        )
    return done


def read_answers(config: RunConfig, run: Path) -> Answers:
    """What people have answered in the folder ``run``; nothing unless they annotate."""
    from sciner.results.people import PeopleFolder, in_order

    return in_order(PeopleFolder(run).answers()) if config.annotator.kind == "people" else {}


def carry_out(config: RunConfig, job: Job, ready: Prepared, store: Store) -> Executed:
    """Run the rounds, and write them to disk and to the tracker."""
    from sciner.redact import redacted
    from sciner.results.folder import RunFolder
    from sciner.tracking.params import params_of
    from sciner.tracking.tracker import GuardedTracker

    corpus, values = ready.corpus, config.model_dump()
    tracker = GuardedTracker(make_tracker(config.tracking, job.project))
    told = tags(config, job, corpus)
    datasets = datasets_of(config.data, corpus, ready.parts)
    about: dict[str, Any] = {
        "id": run_id(config, job.directory, tracker, told),
        "name": redacted(job.name),
        "params": params(config, job),
        "tags": told,
        "labels": corpus.labels,
        "datasets": [asdict(one) for one in datasets],
        "dropped": dropped_spans({"train": corpus.train, "dev": corpus.dev, "test": corpus.test}),
    }
    folder = RunFolder.create(job.directory, values, about)
    folder.write_gold(corpus.test, ready.parts.pool)
    waiting = None
    try:
        tracker.start(about["name"], params_of(values, told), told | {"sciner.run": about["id"]})
        tracker.inputs(datasets)
        tracker.artifact(folder.config)
        if tracker.run_id:
            folder.about(mlflow=tracker.run_id)
        try:
            last = follow(ready.rounds, folder, tracker, corpus.labels, job.after_round)
        except LabelsWanted as wanted:
            waiting = ask_people(config, folder, wanted)
            tracker.finish("SCHEDULED")
        else:
            if config.save_model:
                save_tagger(last.fit.live(), folder.path / "model", config.model, corpus.labels)
                note_tokens(folder.path / "model", corpus.train)
                if last.threshold:
                    note_threshold(folder.path / "model", last.threshold())
                tracker.artifact(folder.path / "model", "model")
            run = {"run": about["id"], "directory": str(job.directory)}
            conclude(ready, folder, tracker, store, run)
    except BaseException as error:
        tracker.finish("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    return Executed(
        folder.read(),
        corpus.labels,
        tracker.lost is not None,
        bool(tracker.run_id),
        ready.steps.weights.spare,
        waiting,
    )


def ask_people(config: RunConfig, folder: RunFolder, wanted: LabelsWanted) -> Waiting | None:
    """Write the batch of the next round for people, and note that the run waits for them."""
    from sciner.results.people import WAITING, PeopleFolder, waiting
    from sciner.text.formats.exchange.base import find_exchange

    assert config.annotator.kind == "people"
    number = folder.read()[-1]["round"] + 1
    file = PeopleFolder(folder.path).ask(wanted, number, find_exchange(config.annotator.format))
    place = {"round": number, "file": str(file.relative_to(folder.path))}
    folder.about(status=WAITING, waiting=place)
    return waiting(folder.path)


def follow(
    rounds: Iterable[Round],
    folder: RunFolder,
    tracker: Tracker,
    labels: Sequence[str],
    after_round: Callable[[int], None],
) -> Round:
    """Write each round to the folder, then to the tracker; return the last."""
    from sciner.tracking.charts import grouped

    for done in rounds:
        folder.write_round(done)
        tracker.log_round(done.number, grouped(done.scores, labels), done.fit.report.losses)
        known = ", from the store" if all(step.hit for step in done.steps) else ""
        after_round(done.number)
        log.info("round %d: entity F1 %.3f%s", done.number, done.scores["test/f1/micro"], known)
    return done


def conclude(
    ready: Prepared, folder: RunFolder, tracker: Tracker, store: Store, run: Mapping[str, str]
) -> None:
    """Record the end of a run in its folder, the store, the study and the tracker.

    Args:
        ready: the run.
        folder: of the run.
        tracker: of the run.
        store: of the run.
        run: what the study records about it.
    """
    hits = sum(step.hit for step in ready.steps.taken)
    cache = f"{hits} of {len(ready.steps.taken)} steps known"
    pruned = ready.trial.pruned if ready.trial else None
    # a run with fewer rounds than requested must not count as finished
    status = "FINISHED" if pruned is None else "KILLED"
    folder.about(
        status=status,
        ended=time.time(),
        cache=cache,
        **({} if pruned is None else {"pruned": pruned}),
    )
    store.record(folder.archive)
    if ready.trial:
        ready.trial.tell(run)
    tracker.tag("sciner.cache", cache)
    if pruned is not None:
        log.info("pruned after round %d: other trials of the study were better by then", pruned)
        tracker.tag("sciner.pruned", str(pruned))
    tracker.artifact(folder.rounds)
    tracker.artifact(folder.run)
    tracker.artifact(folder.last_round, folder.last_round.name)
    tracker.finish(status)


def make_tracker(config: TrackingConfig, project: Path) -> Tracker:
    """The tracker of a run; without an address, the database in ``project``."""
    from sciner.tracking.address import place_of
    from sciner.tracking.mlflow import MlflowTracker
    from sciner.tracking.tracker import NoTracker

    if config.kind == "none":
        return NoTracker()
    return MlflowTracker(place_of(config.uri, project), config.experiment)


def run_id(
    config: RunConfig, folder: Path, tracker: GuardedTracker, told: Mapping[str, str]
) -> str:
    """The id of the run: that of an earlier attempt at it, or a new one."""
    from sciner.results.folder import same_point_id
    from sciner.results.people import WAITING

    found = tracker.unfinished(told)
    # without a tracker, only the folder tells a sweep that goes on which of its points are done
    alone = config.tracking.kind == "none" or tracker.lost is not None
    status = None if alone else WAITING
    return found or same_point_id(folder, told["sciner.point"], status) or uuid.uuid4().hex[:12]


def params(config: RunConfig, job: Job) -> dict[str, str]:
    """The seed, and what the user set on the command line or by an experiment's file."""
    from sciner.redact import redacted

    words = (word.lstrip("+~").partition("=") for word in job.overrides)
    told = {**job.constants} | {key: value for key, _, value in words}
    return {"seed": str(config.seed)} | {
        key.replace("@", "."): redacted(value) for key, value in told.items()
    }


def tags(config: RunConfig, job: Job, corpus: Corpus) -> dict[str, str]:
    """The tags of a run: corpus, folder, sweep, trial, choices, commit and versions."""
    from sciner.run.provenance import git_state, versions

    text = corpus.digest()
    found = {
        "sciner.corpus": corpus.name,
        "sciner.corpus_digest": text,
        "sciner.directory": str(job.directory),
    }
    found["sciner.point"] = point(config, text)
    if job.sweep:
        found |= {"sciner.sweep": job.sweep, "sciner.sweep_points": str(job.points)}
    if config.search.trial is not None:
        found |= {
            "sciner.study": str(config.search.study),
            "sciner.trial": str(config.search.trial),
        }
    if config.data.seed_order.startswith("oracle"):
        found["sciner.oracle"] = config.data.seed_order
    found |= {f"choice.{group}": choice for group, choice in job.choices.items()}
    return found | (dict(job.code) or git_state()) | versions()


def point(config: RunConfig, text: str) -> str:
    """The identity of a sweep's point: a digest of the seed, the text and all settings.

    Settings that change no result are left out.
    """
    return digest([config.model_dump(exclude=set(NO_RESULT)), text])[:16]
