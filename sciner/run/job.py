"""One point of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """One point of a sweep, as it was requested.

    Attributes:
        directory: of the run.
        overrides: of the command line, ``key=value``.
        project: the working directory of the command.
        sweep: its id; None for a single run.
        points: how many the sweep has.
        choices: {group of conf/: the chosen file}.
        constants: what the experiment's file sets for all of its points.
        code: commit and dirty flag of the code, when the sweep began.
        after_round: is called with the number of each round that is on disk.
    """

    directory: Path
    overrides: tuple[str, ...]
    project: Path
    sweep: str | None = None
    points: int = 1
    choices: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    after_round: Callable[[int], None] = lambda number: None

    @property
    def name(self) -> str:
        """The overrides as a name for the run."""
        return " ".join(self.overrides) or "defaults"
