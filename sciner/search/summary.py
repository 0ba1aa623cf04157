"""What a study found, and what its trials did not have to compute."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.errors import InputError
from sciner.search.options import SearchOptions
from sciner.search.storage import file_of, place_of
from sciner.search.study import OVERRIDES, RULES, counted, load_optuna, load_study

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial


@dataclass(frozen=True, slots=True)
class Best:
    """A trial that no other beats.

    Attributes:
        trial: its number.
        values: F1 and, if it is an objective, the budget.
        params: of the trial.
        command: runs it again.
        directory: of its run.
    """

    trial: int
    values: list[float]
    params: dict[str, Any]
    command: str
    directory: str


@dataclass(frozen=True, slots=True)
class StudySummary:
    """Counts of a study.

    Attributes:
        study: its name.
        trials: by how they ended.
        best: the best trial, or the Pareto front.
        rounds_planned, rounds: of the trials that ended; the difference was saved by pruning.
        fits, fits_known, steps, steps_known: how many there were, and how many the store knew.
    """

    study: str
    trials: dict[str, int]
    best: list[Best]
    rounds_planned: int
    rounds: int
    fits: int
    fits_known: int
    steps: int
    steps_known: int


def open_study(name: str, storage: str | None, project: Path) -> optuna.Study:
    """Open a study.

    Raises:
        InputError: there is none of that name.
    """
    place = place_of(storage or SearchOptions().storage, project)
    load_optuna()
    file = file_of(place)
    if file and not file.exists():  # opening it would make it
        raise InputError(
            f"no studies in {place}", hint="run a search here first, or give --storage"
        )
    return load_study(name, place)


def summarise(study: optuna.Study) -> StudySummary:
    """Summarise a study."""
    trials = counted(study)
    sums: Counter[str] = Counter()
    for trial in trials:
        sums.update(
            {name: value for name, value in trial.user_attrs.items() if isinstance(value, int)}
        )
    return StudySummary(
        study=study.study_name,
        trials=dict(sorted(Counter(t.state.name.lower() for t in trials).items())),
        best=[best_of(t) for t in best_trials(study)],
        rounds_planned=sums["planned"],
        rounds=sums["rounds"],
        fits=sums["fits"],
        fits_known=sums["fits_known"],
        steps=sums["steps"],
        steps_known=sums["steps_known"],
    )


def best_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The best trial, or the Pareto front, within the limit of the budget.

    There is none if no trial is complete.
    """
    if len(study.directions) > 1:
        return sorted(study.best_trials, key=lambda t: t.values[0])
    try:
        return [study.best_trial]
    except ValueError:
        return []


def best_of(trial: FrozenTrial) -> Best:
    """A trial, for people."""
    overrides = [word for word in trial.user_attrs[OVERRIDES] if not word.startswith("hydra")]
    if any(word.startswith("experiment=") for word in overrides):
        overrides.append("hydra.mode=RUN")  # a committed search would begin to search
    command = shlex.join(["sciner", "run", *overrides])
    return Best(
        trial.number, list(trial.values), dict(trial.params), command, trial.user_attrs["directory"]
    )


def draw(study: optuna.Study, folder: Path) -> Iterator[tuple[str, str]]:
    """Draw Optuna's own figures as PNG into ``folder``.

    Returns:
        (file, "") as each is drawn, or (file, why it cannot be).
    """
    import matplotlib
    from matplotlib import pyplot

    pyplot.switch_backend("Agg")
    from optuna.visualization import matplotlib as figures

    two = len(study.directions) > 1
    first: dict[str, Any] = (
        {"target": lambda t: t.values[0], "target_name": "F1"} if two else {"target_name": "F1"}
    )
    kinds: dict[str, Callable[[], Any]] = {
        "history.png": lambda: figures.plot_optimization_history(study, **first),
        "importances.png": lambda: figures.plot_param_importances(study),
        "pareto.png" if two else "rounds.png": lambda: (
            figures.plot_pareto_front(study) if two else figures.plot_intermediate_values(study)
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in kinds.items():
        try:
            with matplotlib.rc_context():  # Optuna sets a style, for whatever is drawn after it too
                axes = plot()
                if name == "rounds.png" and axes.get_legend():
                    axes.get_legend().remove()  # a line a trial
                axes.figure.savefig(folder / name, dpi=120, bbox_inches="tight")
            yield name, ""
        except (ValueError, RuntimeError) as error:  # too few trials, or nothing that differs
            yield name, str(error).splitlines()[0]
        finally:
            pyplot.close("all")


def budget_unit(study: optuna.Study) -> str | None:
    """The unit of the budget, if it is an objective or a constraint."""
    unit: str | None = study.user_attrs[RULES]["budget"]["unit"]
    return unit
