"""What a run logs to a tracker, whichever it is: MLflow, none, or one that may fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sciner.shield import shielded
from sciner.tracking.address import cause
from sciner.tracking.datasets import Dataset

log = logging.getLogger(__name__)

Curve = tuple[tuple[int, float], ...]  # (optimiser step, value) pairs


class Tracker(Protocol):
    """Where a run's results are shown; they are already on disk when they are logged."""

    @property
    def run_id(self) -> str:
        """The tracker's id of the run, once it has started; empty without one."""

    def unfinished(self, tags: Mapping[str, str]) -> str:
        """Find an interrupted run that a run with these tags continues; ``start`` continues it.

        Returns:
            The id of that run (tag ``sciner.run``); empty if there is none.
        """

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None: ...

    def inputs(self, datasets: Sequence[Dataset]) -> None:
        """Log the parts of the corpus that the run uses."""

    def log_round(self, number: int, scores: Mapping[str, float], losses: Curve) -> None:
        """Log the scores of a round, and the losses of its fit."""

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Log a file, or all files of a folder."""

    def tag(self, name: str, value: str) -> None: ...

    def finish(self, status: str) -> None:
        """End the run: FINISHED, FAILED or KILLED; SCHEDULED if people have to continue it."""


class NoTracker:
    """A tracker that logs nothing."""

    run_id = ""

    def unfinished(self, tags: Mapping[str, str]) -> str:
        return ""

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None: ...
    def inputs(self, datasets: Sequence[Dataset]) -> None: ...
    def log_round(self, number: int, scores: Mapping[str, float], losses: Curve) -> None: ...
    def artifact(self, path: Path, folder: str | None = None) -> None: ...
    def tag(self, name: str, value: str) -> None: ...
    def finish(self, status: str) -> None: ...


class GuardedTracker:
    """A tracker whose failure does not stop the run.

    The failure is reported once, and the tracker is not called again.

    Attributes:
        tracker: the guarded one.
        lost: the error in one line; None if there was none.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.lost: str | None = None

    @property
    def run_id(self) -> str:
        """See ``Tracker.run_id``."""
        return self.tracker.run_id

    def unfinished(self, tags: Mapping[str, str]) -> str:
        found = [""]
        self._attempt(lambda: found.append(self.tracker.unfinished(tags)))
        return found[-1]

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._attempt(lambda: self.tracker.start(name, params, tags))

    def inputs(self, datasets: Sequence[Dataset]) -> None:
        self._attempt(lambda: self.tracker.inputs(datasets))

    def log_round(self, number: int, scores: Mapping[str, float], losses: Curve) -> None:
        self._attempt(lambda: self.tracker.log_round(number, scores, losses))

    def artifact(self, path: Path, folder: str | None = None) -> None:
        self._attempt(lambda: self.tracker.artifact(path, folder))

    def tag(self, name: str, value: str) -> None:
        self._attempt(lambda: self.tracker.tag(name, value))

    def finish(self, status: str) -> None:
        self._attempt(lambda: self.tracker.finish(status))

    def _attempt(self, call: Callable[[], None]) -> None:
        if self.lost is not None:
            return
        try:
            with shielded():
                call()
        except Exception as error:
            self.lost = cause(error)
            log.warning(
                "the tracker failed (%s); the run continues, and is logged when all jobs have "
                "ended, or later by `sciner track replay`",
                self.lost,
            )
