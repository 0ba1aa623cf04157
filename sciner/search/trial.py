"""What a job does with its trial: a value a round, stop where it is hopeless, and tell the study
how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

Objective = Callable[[Round], float]
VALUE = "search/f1"  # the metric


@dataclass
class Trial:
    """A run that is a trial. planned: rounds, round 0 included. pruned: the round after which it
    was stopped."""

    trial: optuna.Trial
    rules: Mapping[str, Any]
    objective: Objective
    steps: StepRunner
    planned: int
    last: Round | None = None
    rounds: int = 0
    pruned: int | None = None

    def watch(self, rounds: Iterator[Round]) -> Iterator[Round]:
        """The rounds with the value that is searched for; no more of them once the pruner finds the
        trial hopeless. A round is reported when whoever asked for it has it in safety."""
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
        return len(self.trial.study.directions) == 1  # Optuna reports for one objective only

    def report(self, value: float, number: int) -> bool:
        """Whether the trial is hopeless."""
        self.trial.report(value, number)
        return self.trial.should_prune()

    def tell(self, about: Mapping[str, str]) -> None:
        """The value of the last round, never of the best one, and what it has spent. about: where
        the run stands."""
        from optuna.trial import TrialState

        assert self.last is not None
        scores, budget, study = self.last.scores, self.rules["budget"], self.trial.study
        spent = scores[f"budget/{budget['unit']}"] if budget["unit"] else None
        if spent is not None and budget["limit"] is not None:
            self.trial.set_constraint("budget", spent - budget["limit"])
        for key, value in (dict(about) | self.figures()).items():
            self.trial.set_user_attr(key, value)
        if isinstance(self.objective, CrossFit):
            self.objective.close()
        number = self.trial.number
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


def open_trial(
    config: SearchConfig, objective: Objective, steps: StepRunner, planned: int
) -> Trial:
    """The trial that ``config`` names. Raises InputError where there is no such study or trial."""
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
    """Entity F1 on dev. Raises InputError where dev has no entity."""
    if "dev/f1/micro" not in done.scores:
        raise InputError(
            "dev has no entity", hint="give a larger data.dev_size, or search=cross_fit"
        )
    return done.scores["dev/f1/micro"]
