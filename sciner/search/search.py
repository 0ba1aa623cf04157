"""A search before it begins: its options, its space, and what its trials have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.config import RunConfig
from sciner.config.conf import NO_RESULT
from sciner.config.flatten import flatten
from sciner.errors import InputError
from sciner.policy.seed import Amount
from sciner.search.options import TRIAL_KEYS, SearchOptions, parse_options
from sciner.search.space import Space, read_space
from sciner.search.study import SharedStudy, load_optuna

ASIDE = NO_RESULT - {"search"}  # how trials are judged is part of what a study asks


@dataclass(frozen=True, slots=True)
class Search:
    """A search that can begin.

    Attributes:
        options: of the sweeper.
        space: what is searched.
        values: the configuration that all trials share, in which the searched keys have any value.
    """

    options: SearchOptions
    space: Space
    values: Mapping[str, Any]

    @classmethod
    def read(
        cls, sweeper: Mapping[str, Any], overrides: Sequence[Any], values: Mapping[str, Any]
    ) -> Search:
        """Read a search from the sweeper's node, Hydra's overrides and the configuration.

        Args:
            sweeper: the sweeper's node.
            overrides: as Hydra parsed them.
            values: what they are composed to.

        Raises:
            InputError: they do not make a search.
        """
        options = parse_options(sweeper)
        load_optuna()
        space = read_space(overrides)
        refuse_moving_dev(space, values)
        return cls(options, space, values)

    def corners(self) -> Iterator[list[str]]:
        """The overrides of points at the corners of the space, as trials."""
        for overrides in self.space.corners():
            yield [*overrides, "search.study=none", "search.storage=none", "search.trial=0"]

    def begin(self, project: Path) -> SharedStudy:
        return SharedStudy.begin(self.options, self.question(), project)

    def question(self) -> dict[str, Any]:
        """Every key that says what is searched, and what of; the sampler may change its mind."""
        rules = self.options.model_dump(include={"pruner", "warmup_rounds", "budget"})
        shared = {key: value for key, value in self.values.items() if key not in ASIDE}
        shared["search"] = {
            key: value for key, value in shared["search"].items() if key not in TRIAL_KEYS
        }
        return flatten(shared) | flatten({"hydra": {"sweeper": rules}}) | self.space.sweeps

    def bound(self, points: Sequence[RunConfig]) -> str:
        """How much it may compute at most."""
        rounds = max(point.iteration.rounds for point in points) + 1
        fits = 1 + (points[0].search.folds if points[0].search.objective == "cross_fit" else 0)
        trials = self.options.n_trials
        return (
            f"at most {trials * rounds * fits} fits ({trials} trials, {rounds} rounds, {fits} "
            "per round)"
        )


def refuse_moving_dev(space: Space, values: Mapping[str, Any]) -> None:
    """Trials compare only where they are judged on the same sentences."""
    if "data.seed_size" not in space.axes:
        return
    if values["search"]["objective"] == "cross_fit":
        raise InputError(
            "data.seed_size is searched, and search=cross_fit is judged on the seed set: trials "
            "would not compare",
            hint="give search=dev and data.dev_size=NUMBER",
        )
    if Amount.parse(values["data"]["dev_size"]).percent:
        raise InputError(
            f"data.seed_size is searched, and data.dev_size={values['data']['dev_size']} is a "
            "share of what it leaves: trials "
            "would not compare",
            hint="give data.dev_size as a number of sentences",
        )
