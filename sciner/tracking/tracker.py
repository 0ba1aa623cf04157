"""What a run tells a tracker, whichever it is: none, or one that may break."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sciner.shield import shielded
from sciner.tracking.address import cause
from sciner.tracking.datasets import Dataset

log = logging.getLogger(__name__)


class Tracker(Protocol):
    """Where one run's figures are shown. What it is told stands on disk already."""

    @property
    def run_id(self) -> str:
        """Its name for the run, once started; empty where it has none."""

    def unfinished(self, tags: Mapping[str, str]) -> str:
        """The id (tag ``sciner.run``) of the interrupted run that a run with ``tags`` goes on with;
        empty where there is none. ``start`` then continues it."""

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None: ...

    def inputs(self, datasets: Sequence[Dataset]) -> None:
        """The parts of the corpus that the run works on."""

    def scores(self, scores: Mapping[str, float], step: int) -> None:
        """Figures of one round."""

    def curve(self, name: str, points: tuple[tuple[int, float], ...]) -> None:
        """(optimiser step, value) pairs."""

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """A file, or all files of a folder."""

    def tag(self, name: str, value: str) -> None: ...

    def finish(self, status: str) -> None:
        """FINISHED, FAILED or KILLED; SCHEDULED if people have to go on with it."""


class NoTracker:
    """Shows nothing."""

    run_id = ""

    def unfinished(self, tags: Mapping[str, str]) -> str:
        return ""

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None: ...
    def inputs(self, datasets: Sequence[Dataset]) -> None: ...
    def scores(self, scores: Mapping[str, float], step: int) -> None: ...
    def curve(self, name: str, points: tuple[tuple[int, float], ...]) -> None: ...
    def artifact(self, path: Path, folder: str | None = None) -> None: ...
    def tag(self, name: str, value: str) -> None: ...
    def finish(self, status: str) -> None: ...


class GuardedTracker:
    """A tracker whose failure costs nothing but the view: it is reported once, and the tracker is
    called no more.

    lost: the error in one line, None while there was none.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.lost: str | None = None

    @property
    def run_id(self) -> str:
        return self.tracker.run_id

    def unfinished(self, tags: Mapping[str, str]) -> str:
        found = [""]
        self._attempt(lambda: found.append(self.tracker.unfinished(tags)))
        return found[-1]

    def start(self, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._attempt(lambda: self.tracker.start(name, params, tags))

    def inputs(self, datasets: Sequence[Dataset]) -> None:
        self._attempt(lambda: self.tracker.inputs(datasets))

    def scores(self, scores: Mapping[str, float], step: int) -> None:
        self._attempt(lambda: self.tracker.scores(scores, step))

    def curve(self, name: str, points: tuple[tuple[int, float], ...]) -> None:
        self._attempt(lambda: self.tracker.curve(name, points))

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
                "the tracker is lost (%s); the run goes on, `sciner track replay` tells it later",
                self.lost,
            )
