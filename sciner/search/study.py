"""Studies: where their trials are stored, what they ask, who works on them."""

from __future__ import annotations

import logging
import socket
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.errors import InputError
from sciner.redact import redacted, veiled
from sciner.search.options import SearchOptions
from sciner.search.space import Space
from sciner.store.locks import held, is_held

if TYPE_CHECKING:
    import optuna
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import Trial

log = logging.getLogger(__name__)
# what a study asks: every key that its trials share, and how they are judged
QUESTION = "sciner.question"
RULES = "sciner.rules"  # how they are pruned, and what they may spend
WORKER = "sciner.worker"
OVERRIDES = "sciner.words"  # the name that studies have it under
ABANDONED = "sciner.abandoned"


@dataclass(frozen=True, slots=True)
class NextTrial:
    """A trial that a job is to run."""

    number: int
    overrides: list[str]


@dataclass(frozen=True, slots=True)
class SharedStudy:
    """A study as a worker sees it; several may, in other processes and on other machines."""

    study: optuna.Study
    options: SearchOptions
    place: str
    project: Path

    @classmethod
    def begin(
        cls, options: SearchOptions, question: Mapping[str, Any], project: Path
    ) -> SharedStudy:
        """Open the study of that name, or create it.

        Raises:
            InputError: it asks another question, so that its trials would not compare.
        """
        library = load_optuna()
        place = place_of(options.storage, project)
        # two processes that first touch a new SQLite file would break its schema
        with held(lock_of(place, project)):
            study = library.create_study(
                study_name=options.study,
                storage=storage_of(place),
                directions=["maximize", "minimize"] if options.two_objectives else ["maximize"],
                load_if_exists=True,
            )
            if QUESTION not in study.user_attrs:
                study.set_metric_names(
                    ["F1", str(options.budget.unit)] if options.two_objectives else ["F1"]
                )
                study.set_user_attr(
                    RULES, options.model_dump(include={"pruner", "warmup_rounds", "budget"})
                )
                study.set_user_attr(QUESTION, dict(question))
        refuse_another(options.study, study.user_attrs[QUESTION], question)
        return cls(study, options, place, project)

    @classmethod
    def load(cls, options: SearchOptions, project: Path) -> SharedStudy:
        """Open the study of that name.

        Raises:
            InputError: there is none.
        """
        place = place_of(options.storage, project)
        return cls(load_study(options.study, place), options, place, project)

    @contextmanager
    def at_work(self) -> Iterator[str]:
        """Name this worker for as long as it lives.

        Its name is a lock of the kernel, which ends with the process.
        """
        lock = self.project / ".sciner/search" / f"{uuid.uuid4().hex[:12]}.lock"
        with held(lock):
            yield f"{socket.gethostname()}:{lock.resolve()}"
        lock.unlink(missing_ok=True)

    def ask(self, space: Space, at_once: int, worker: str) -> list[NextTrial]:
        """Ask for up to ``at_once`` trials to run now.

        None if the study has all its trials, or other workers have the last ones.
        """
        with held(lock_of(self.place, self.project)):
            self.reclaim(worker)
            left = self.options.n_trials - sum(ABANDONED not in t.user_attrs for t in self.begun())
            return [self._ask(space, worker) for _ in range(min(at_once, left))]

    def _ask(self, space: Space, worker: str) -> NextTrial:
        trial = self.study.ask()
        trial.set_user_attr(WORKER, worker)
        # seeded by the trial's number, which no other trial has: neither a shell beside this one
        # nor one that resumes a killed study repeats a suggestion, and the same history leads to
        # the same next one
        self.study.sampler = build_sampler(self.options, trial.number)
        overrides = space.suggest(trial)
        trial.set_user_attr(OVERRIDES, overrides)
        place = veiled(self.place).replace("\\", r"\\").replace("'", r"\'")
        own = [
            f"search.study={self.options.study}",
            f"search.storage='{place}'",
            f"search.trial={trial.number}",
        ]
        return NextTrial(trial.number, [*overrides, *own, f"hydra.sweep.subdir={trial.number}"])

    def settle(self, batch: list[NextTrial]) -> None:
        """Record those of ``batch`` as failed whose job did not tell how it ended."""
        from optuna.trial import TrialState

        for trial in batch:
            self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def reclaim(self, worker: str) -> None:
        """Queue the trials of killed workers of this machine again; the store knows their steps."""
        from optuna.trial import TrialState

        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if (by := trial.user_attrs.get(WORKER, "")) != worker and is_dead(by):
                log.info("trial %d was abandoned: it is run again", trial.number)
                live_trial(self.study, trial.number).set_user_attr(ABANDONED, True)
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
                self.study.enqueue_trial(trial.params, user_attrs={"again": trial.number})

    def begun(self) -> list[optuna.trial.FrozenTrial]:
        """All trials but those that wait to be run."""
        from optuna.trial import TrialState

        return [t for t in self.study.get_trials(deepcopy=False) if t.state != TrialState.WAITING]


def is_dead(worker: str) -> bool:
    """Whether a worker of this machine has ended; of other machines nothing is known.

    A worker without a name was killed before it had one: trials are asked for under a lock.
    """
    host, _, lock = worker.partition(":")
    return not worker or (host == socket.gethostname() and not is_held(Path(lock)))


def live_trial(study: optuna.Study, number: int) -> Trial:
    """Trial ``number``, to report to, from any process.

    Optuna's constructor is public and its ids are not: this is the one place that uses them.
    """
    from optuna.trial import Trial

    return Trial(
        study, study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
    )


def load_optuna() -> Any:
    """Import Optuna, and silence it.

    Raises:
        InputError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise InputError("a search needs Optuna", hint="pip install 'sciner[optuna]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def load_study(name: str, place: str) -> optuna.Study:
    """Open a study.

    Raises:
        InputError: there is none of that name.
    """
    library = load_optuna()
    storage = storage_of(place)
    known = library.get_all_study_names(storage)
    if name not in known:
        there = f"there: {', '.join(sorted(known))}" if known else "there is none yet"
        raise InputError(f"no study {name!r} in {redacted(place)}", hint=there)
    found: optuna.Study = library.load_study(
        study_name=name, storage=storage, sampler=library.samplers.RandomSampler()
    )
    if RULES in found.user_attrs:
        found.pruner = build_pruner(found.user_attrs[RULES])
    return found


def place_of(storage: str, project: Path) -> str:
    """A URL as it is, or the absolute path of a journal or SQLite file: jobs may run elsewhere."""
    if storage.startswith("sqlite:///"):
        return f"sqlite:///{(project / storage.removeprefix('sqlite:///')).resolve()}"
    return storage if "://" in storage else str((project / storage).resolve())


def storage_of(place: str) -> BaseStorage:
    """Open a storage.

    Raises:
        InputError: it cannot be opened.
    """
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        if "://" in place:
            return RDBStorage(place)
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(place))
    except ImportError:
        hint = (
            "pip install 'sciner[postgresql]'"
            if place.startswith("postgresql")
            else "install the one its documentation names"
        )
        raise InputError(
            f"{redacted(place)}: the database's driver is not installed", hint=hint
        ) from None
    except Exception as error:  # the driver's own, of which each database has others
        first = str(error).splitlines()[0]
        raise InputError(
            f"{redacted(place)}: {redacted(first)}", hint="give hydra.sweeper.storage=URL or FILE"
        ) from None


def lock_of(place: str, project: Path) -> Path:
    """The lock under which a study is created and asked.

    It does not hold off other machines that use the same server.
    """
    file = place.removeprefix("sqlite:///")
    return (
        Path(f"{file}.begin.lock") if "://" not in file else project / ".sciner/search/begin.lock"
    )


def refuse_another(name: str, begun: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise InputError if a study asked another question."""
    for key in sorted(begun.keys() | now.keys()):
        if (was := begun.get(key)) != (is_now := now.get(key)):
            raise InputError(
                f"study {name!r} was begun with {key}={was}, and this is {key}={is_now}",
                hint="trials of two questions do not compare: give hydra.sweeper.study=NAME",
            )


def build_sampler(options: SearchOptions, number: int) -> BaseSampler:
    """The sampler of trial ``number``.

    A quasi-random sequence continues by a count of its own, which the study stores.
    """
    import numpy as np
    from optuna.samplers import GPSampler, QMCSampler, RandomSampler, TPESampler

    seed = int(np.random.SeedSequence([options.seed, number]).generate_state(1)[0])
    if options.sampler == "qmc":
        alone = RandomSampler(seed)
        return QMCSampler(
            scramble=True,
            seed=options.seed,
            independent_sampler=alone,
            warn_independent_sampling=False,
            warn_asynchronous_seeding=False,
        )
    if options.sampler == "random":
        return RandomSampler(seed)
    if options.sampler == "gp":
        return GPSampler(seed=seed)
    return TPESampler(seed=seed)


def build_pruner(rules: Mapping[str, Any]) -> BasePruner:
    """The pruner of a study, whose step is the round.

    By the median, a trial is pruned after ``warmup_rounds`` and later; by successive halving, after
    1, 2, 4, … times that.
    """
    from optuna.pruners import MedianPruner, NopPruner, SuccessiveHalvingPruner

    if rules["pruner"] == "median":
        return MedianPruner(n_startup_trials=5, n_warmup_steps=rules["warmup_rounds"])
    if rules["pruner"] == "successive_halving":
        return SuccessiveHalvingPruner(
            min_resource=max(1, rules["warmup_rounds"]), reduction_factor=2
        )
    return NopPruner()
