"""Workers of a study: several may run its trials, in other processes and on other machines."""

from __future__ import annotations

import logging
import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from sciner.redact import veiled
from sciner.search.space import Space
from sciner.search.storage import HEARTBEAT, alone, file_of, run_again
from sciner.search.study import OVERRIDES, SharedStudy, beat, build_sampler
from sciner.store.locks import held, remove_if_free

log = logging.getLogger(__name__)

WORKER = "sciner.worker"  # of a trial: who runs it
POLL = 5.0  # seconds between two looks at the trials of other workers


@dataclass(frozen=True, slots=True)
class NextTrial:
    """A trial that a job is to run."""

    number: int
    overrides: list[str]


def new_name() -> str:
    """A name for a worker that no other has: it says which process of which machine it is."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def in_quotes(text: str) -> str:
    r"""Quote text for Hydra, which reads a backslash as itself unless a quote follows.

    >>> print(in_quotes(r"a\b"), in_quotes("it's"), in_quotes("a\\"))
    'a\b' 'it\'s' 'a\\'
    """
    escaped = re.sub(r"(\\*)('|$)", lambda m: 2 * m[1] + (r"\'" if m[2] else ""), text)
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that runs trials of a study until it has all of them.

    Attributes:
        shared: the study.
        space: that it searches.
        at_once: number of trials that it asks for together.
        name: of the worker.
    """

    shared: SharedStudy
    space: Space
    at_once: int
    name: str = field(default_factory=new_name)

    def work(self, launch: Callable[[Sequence[NextTrial]], object]) -> None:
        """Run trials with ``launch`` until the study has all, and nobody runs one any more.

        A worker that gets no trial waits for those of the others: should one of them die, its trial
        is run again here.
        """
        waits = False
        with self.alive():
            while True:
                if batch := self.ask():
                    with self.heartbeats(batch):
                        launch(batch)
                    self.settle(batch)
                elif running := self.shared.running():
                    if not waits:
                        log.info("no trial is left: waiting for %d of other workers", len(running))
                    waits = True
                    time.sleep(POLL)
                else:
                    return

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Hold the lock of this worker, if the study is in a file."""
        if (lock := self.lock_of(self.name)) is None:
            yield
            return
        with held(lock):
            yield
        lock.unlink(missing_ok=True)

    def lock_of(self, worker: str) -> Path | None:
        """The lock that a worker holds while it lives; None on a server, which has heartbeats."""
        file = file_of(self.shared.place)
        return Path(f"{file}.workers") / f"{worker}.lock" if file else None

    def ask(self) -> list[NextTrial]:
        """Ask for trials to run now.

        None if the study has all its trials, or other workers have the last ones.
        """
        with alone(self.shared.place, self.shared.project):
            self.reclaim()
            left = self.shared.options.n_trials - len(self.shared.begun())
            return [self._ask() for _ in range(min(self.at_once, left))]

    def _ask(self) -> NextTrial:
        shared = self.shared
        trial = shared.study.ask()
        if self.lock_of(self.name) is None:
            beat(shared.study, trial.number)
        trial.set_user_attr(WORKER, self.name)
        # seeded by the trial's number, which no other trial has: neither a shell beside this one
        # nor one that resumes a killed study repeats a suggestion, and the same history leads to
        # the same next one
        shared.study.sampler = build_sampler(shared.options, trial.number)
        overrides = self.space.suggest(trial)
        trial.set_user_attr(OVERRIDES, overrides)
        own = [
            f"search.study={shared.options.study}",
            f"search.storage={in_quotes(veiled(shared.place))}",
            f"search.trial={trial.number}",
        ]
        return NextTrial(trial.number, [*overrides, *own, f"hydra.sweep.subdir={trial.number}"])

    def reclaim(self) -> None:
        """Queue the trials of workers that have died again.

        A trial without a worker is of one that was killed while it asked: nobody asks beside us.
        """
        from optuna.storages import fail_stale_trials
        from optuna.trial import TrialState

        study = self.shared.study
        fail_stale_trials(study)  # on a server
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            worker = trial.user_attrs.get(WORKER)
            lock = self.lock_of(worker) if worker else None
            if not worker or (worker != self.name and lock and remove_if_free(lock)):
                study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
                run_again(study, trial)

    @contextmanager
    def heartbeats(self, batch: Sequence[NextTrial]) -> Iterator[None]:
        """Tell a server every ``HEARTBEAT`` seconds that this worker is alive."""
        if self.lock_of(self.name):
            yield
            return
        ended = Event()

        def send() -> None:
            while not ended.wait(HEARTBEAT):
                try:
                    for trial in batch:
                        beat(self.shared.study, trial.number)
                except Exception as error:  # the server is down; it may come back
                    log.debug("no heartbeat: %s", error)

        thread = Thread(target=send, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def settle(self, batch: Sequence[NextTrial]) -> None:
        """Record those of ``batch`` as failed whose job did not tell how it ended."""
        from optuna.trial import TrialState

        for trial in batch:
            self.shared.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
