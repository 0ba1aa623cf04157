"""``store``, ``tracking`` and ``search``: where results go."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from sciner.config.base import Strict
from sciner.store.layout import DEFAULT_FOLDER
from sciner.store.locks import Kind


class StoreConfig(Strict):
    """Where results of steps are kept, and which weights stay (``loop.steps.runner``).

    ``locks`` says how processes that share them know of each other (``store.locks``).
    """

    kind: Literal["none", "disk"]
    dir: str = str(DEFAULT_FOLDER)
    locks: Kind = "auto"
    keep_weights: Literal["none", "last", "all"] = "last"


class TrackingConfig(Strict):
    """Where runs are logged: an MLflow server or database.

    By default it is ``mlflow.db`` in the working directory.
    """

    kind: Literal["none", "mlflow"]
    uri: str | None = None
    experiment: str = "sciner"


class SearchConfig(Strict):
    """What a run that is a trial reports: entity F1 on dev, or on ``folds`` folds of the seed set.

    The sweeper sets the rest; trial is None for any other run.
    """

    objective: Literal["dev", "cross_fit"] = "dev"
    folds: Annotated[int, Field(ge=2)] = 3
    study: str | None = None
    storage: str | None = None
    trial: Annotated[int, Field(ge=0)] | None = None

    @field_validator("objective", mode="before")
    @classmethod
    def _never_test(cls, value: object) -> object:
        if "test" in str(value):
            raise ValueError(
                "the test set must not choose settings: give search=dev or search=cross_fit"
            )
        return value
