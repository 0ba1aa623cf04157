"""Options of the sweeper (``hydra.sweeper`` with ``hydra/sweeper=sciner_optuna``).

Nothing here loads Optuna.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from sciner.config.base import Positive, Seed, Strict
from sciner.config.errors import explain_validation_error
from sciner.errors import nearest
from sciner.policy.cost import Budget

TARGET = "hydra_plugins.sciner_sweeper.SearchSweeper"
# of the section ``search``: set by the sweeper, job by job
TRIAL_KEYS = ("study", "storage", "trial")
UNITS = tuple(Budget().scores())


class BudgetOptions(Strict):
    """The budget as a constraint or an objective.

    Attributes:
        unit: of the budget (``budget/<unit>``).
        limit: a trial that spends more is not feasible; None: the budget is a second objective, to
            be minimised.
    """

    unit: str | None = None
    limit: Annotated[float, Field(gt=0)] | None = None

    @field_validator("unit")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in UNITS:
            raise ValueError(f"{value!r} is no unit of a budget; {nearest(value, UNITS)}")
        return value

    @model_validator(mode="after")
    def _counted(self) -> BudgetOptions:
        if self.limit is not None and self.unit is None:
            raise ValueError(
                f"limit={self.limit:g} of what? give hydra.sweeper.budget.unit, one of "
                f"{', '.join(UNITS)}"
            )
        return self


class SearchOptions(Strict):
    """What the sweeper can be told.

    Attributes:
        study: its name.
        storage: a URL (SQLite, PostgreSQL) or a journal file.
        n_trials: of the study, in whichever shells and on whichever days they run.
        n_jobs: trials that are asked for at once; None: as many as the launcher runs at once.
        sampler, seed, pruner: Optuna's.
        warmup_rounds: no trial is pruned before this round.
        budget: a constraint or an objective.
        params: the swept keys of a committed search.
    """

    study: Annotated[str, Field(pattern=r"^[\w.-]+$")] = "search"
    storage: str = ".sciner/optuna.journal"
    n_trials: Positive = 30
    n_jobs: Positive | None = None
    sampler: Literal["tpe", "gp", "qmc", "random"] = "tpe"
    seed: Seed = 0
    pruner: Literal["median", "successive_halving", "none"] = "median"
    warmup_rounds: Annotated[int, Field(ge=0)] = 1
    budget: BudgetOptions = BudgetOptions()
    params: dict[str, str | int | float | bool] | None = None

    @property
    def two_objectives(self) -> bool:
        """Whether the budget is an objective too."""
        return self.budget.unit is not None and self.budget.limit is None

    @model_validator(mode="after")
    def _prunable(self) -> SearchOptions:
        if self.two_objectives and self.pruner != "none":
            raise ValueError(
                f"budget.unit={self.budget.unit} without a limit is a second objective, and no "
                "pruner can tell which of two "
                "trials is the hopeless one (Optuna refuses it): give hydra.sweeper.pruner=none, "
                "or "
                f"hydra.sweeper.budget.limit={self.budget.unit.upper() if self.budget.unit else ''}"
            )
        return self


class _Hydra(Strict):
    sweeper: SearchOptions


class _Root(Strict):
    """Gives findings the names by which the user knows the keys."""

    hydra: _Hydra


def parse_options(values: Mapping[str, Any]) -> SearchOptions:
    """Read the options of a sweeper's node.

    Raises:
        InputError: one line that names the key and how to correct it.
    """
    given = {key: value for key, value in values.items() if not key.startswith("_")}
    try:
        return _Root.model_validate({"hydra": {"sweeper": given}}).hydra.sweeper
    except ValidationError as error:
        raise explain_validation_error(error, _Root) from None
