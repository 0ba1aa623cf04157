"""A job and its trial: it reports a value each round, stops if pruned, and tells how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sciner.config.places import SearchConfig
from sciner.errors import InputError
from sciner.loop.outcomes import StepRecord
from sciner.loop.rounds import Round
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.runner import StepRunner
from sciner.search.folds import CrossFit
from sciner.search.study import RULES, live_trial, load_study

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)

Objective = Callable[[Round], float]
VALUE = "search/f1"  # the metric


@dataclass
class Trial:
    """A run that is a trial.

    Attributes:
        planned: number of rounds, round 0 included.
        last: the last round so far.
        rounds: how many there were.
        pruned: the round after which it was pruned.
    """

    trial: optuna.Trial
    rules: Mapping[str, Any]
    objective: Objective
    steps: StepRunner
    planned: int
    last: Round | None = None
    rounds: int = 0
    pruned: int | None = None

    def watch(self, rounds: Iterator[Round]) -> Iterator[Round]:
        """Pass the rounds on and report the value of each; stop once the trial is pruned.

        A round is reported when the caller asks for the next one, after it has stored this one.
        """
        for done in rounds:
            value = self.objective(done)
            self.last, self.rounds = (
                replace(done, scores=done.scores | {VALUE: value}),
                done.number + 1,
            )
            yield self.last
            if self.may_prune and self.report(value, done.number) and self.rounds < self.planned:
                self.pruned = done.number
                self.steps.close()
                return

    @property
    def may_prune(self) -> bool:
        """Whether pruning is possible.

        It is not with two objectives, because incomparable trials cannot be ranked.
        """
        return len(self.trial.study.directions) == 1  # Optuna reports for one objective only

    def report(self, value: float, number: int) -> bool:
        """Report the value of a round; return whether the trial is to be pruned."""
        with unless_lost(self.trial.number):
            self.trial.report(value, number)
            return self.trial.should_prune()
        return False

    def tell(self, about: Mapping[str, str]) -> None:
        """Tell the study the value of the last round, never of the best one, and what was spent.

        Args:
            about: attributes of the trial, such as the run's folder.
        """
        from optuna.trial import TrialState

        assert self.last is not None
        scores, budget, study = self.last.scores, self.rules["budget"], self.trial.study
        spent = scores[f"budget/{budget['unit']}"] if budget["unit"] else None
        number = self.trial.number
        with unless_lost(number):
            if spent is not None and budget["limit"] is not None:
                self.trial.set_constraint("budget", spent - budget["limit"])
            for key, value in (dict(about) | self.figures()).items():
                self.trial.set_user_attr(key, value)
        if isinstance(self.objective, CrossFit):
            self.objective.close()
        if self.pruned is not None:
            study.tell(number, state=TrialState.PRUNED, skip_if_finished=True)
        else:
            values = [scores[VALUE]] if spent is None or self.may_prune else [scores[VALUE], spent]
            study.tell(number, values, skip_if_finished=True)

    def figures(self) -> dict[str, int]:
        """Rounds planned and run; steps and fits taken, and how many of them the store knew."""
        folds = self.objective.folds if isinstance(self.objective, CrossFit) else []
        taken: list[StepRecord] = [
            done for steps in (self.steps, *(fold.steps for fold in folds)) for done in steps.taken
        ]
        fits = [done for done in taken if done.step == Fit.NAME]
        return {
            "planned": self.planned,
            "rounds": self.rounds,
            "steps": len(taken),
            "steps_known": sum(done.hit for done in taken),
            "fits": len(fits),
            "fits_known": sum(done.hit for done in fits),
        }


@contextmanager
def unless_lost(number: int) -> Iterator[None]:
    """Let a run go on whose trial another worker runs again, because this one seemed dead."""
    from optuna.exceptions import UpdateFinishedTrialError

    try:
        yield
    except UpdateFinishedTrialError:
        log.warning("trial %d: another worker runs it again, as this one seemed dead", number)


def open_trial(
    config: SearchConfig, objective: Objective, steps: StepRunner, planned: int
) -> Trial:
    """Open the trial that ``config`` names.

    Raises:
        InputError: there is no such study or trial.
    """
    assert config.study is not None and config.storage is not None and config.trial is not None
    study = load_study(config.study, config.storage)
    try:
        trial = live_trial(study, config.trial)
    except KeyError:
        raise InputError(
            f"study {config.study!r} has no trial {config.trial}",
            hint="the sweeper sets search.trial",
        ) from None
    return Trial(trial, study.user_attrs[RULES], objective, steps, planned)


def dev_f1(done: Round) -> float:
    """Entity F1 on dev.

    Raises:
        InputError: dev has no entity.
    """
    if "dev/f1/micro" not in done.scores:
        raise InputError(
            "dev has no entity", hint="give a larger data.dev_size, or search=cross_fit"
        )
    return done.scores["dev/f1/micro"]
