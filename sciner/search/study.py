"""Studies: what they ask, which trials they have, and who sums them up."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.errors import InputError
from sciner.redact import redacted
from sciner.search.options import SearchOptions
from sciner.search.storage import alone, place_of, storage_of

if TYPE_CHECKING:
    import optuna
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

# what a study asks: every key that its trials share, and how they are judged
QUESTION = "sciner.question"
RULES = "sciner.rules"  # how they are pruned, and what they may spend
SUMMED_UP = "sciner.summed_up"  # how many trials there were when a worker summed them up
# of a trial
OVERRIDES = "sciner.words"  # the name that studies have it under
ABANDONED = "sciner.abandoned"  # in studies of an earlier version: its worker died


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
        # two processes that first touch a new database would break its schema
        with alone(place, project):
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

    def begun(self) -> list[FrozenTrial]:
        """The trials that count, but for those that wait to be run again."""
        from optuna.trial import TrialState

        return [t for t in counted(self.study) if t.state != TrialState.WAITING]

    def running(self) -> list[FrozenTrial]:
        """The trials that are run now, by whichever worker."""
        return [t for t in self.begun() if not t.state.is_finished()]

    def sums_up(self) -> bool:
        """Whether the caller is the first worker to sum up these trials."""
        with alone(self.place, self.project):
            count = len(self.study.get_trials(deepcopy=False))
            if self.study.user_attrs.get(SUMMED_UP) == count:
                return False
            self.study.set_user_attr(SUMMED_UP, count)
            return True


def counted(study: optuna.Study) -> list[FrozenTrial]:
    """The trials of a study, without those whose worker died and that were queued again."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback as Retry

    trials = study.get_trials(deepcopy=False)
    again = {number for trial in trials for number in Retry.retry_history(trial)}
    return [t for t in trials if t.number not in again and ABANDONED not in t.user_attrs]


def live_trial(study: optuna.Study, number: int) -> Trial:
    """Trial ``number``, to report to, from any process.

    Raises:
        KeyError: the study has none of that number.
    """
    from optuna.trial import Trial

    return Trial(study, id_of(study, number))


def beat(study: optuna.Study, number: int) -> None:
    """Record on a server that somebody works on trial ``number``."""
    storage: Any = study._storage
    storage.record_heartbeat(id_of(study, number))


def id_of(study: optuna.Study, number: int) -> int:
    """The id of a trial in its storage.

    Optuna's constructor of trials is public and these ids are not: this is the one place that
    knows them.
    """
    return study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number)


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
