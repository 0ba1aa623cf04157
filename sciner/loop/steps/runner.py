"""The steps of one run: which were done, and whose weights stay."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from sciner.loop.outcomes import FitResult, Predicted, StepRecord
from sciner.loop.steps.average import Average
from sciner.loop.steps.fit import Fit
from sciner.loop.steps.predict import Predict, Stored
from sciner.loop.steps.weights import Weights, weights_key
from sciner.store.step import Result, Step
from sciner.store.store import Store
from sciner.tagger.base import FitOptions, FitReport, Fitted, Tagger
from sciner.text.corpus import Example, Sentence

log = logging.getLogger(__name__)

KeepWeights = Literal["none", "last", "all"]
T = TypeVar("T")


class StepRunner:
    """Runs the steps of one run.

    Attributes:
        tagger, store, labels: what the steps need.
        weights: of the run's fits (``KeptWeights``).
        taken: all steps so far, in order; weights are no step of a round.
    """

    def __init__(
        self,
        tagger: Tagger,
        store: Store,
        labels: Sequence[str],
        keep_weights: KeepWeights = "last",
        shared: bool = False,
        resumes: bool = False,
    ) -> None:
        self.tagger, self.store, self.labels = tagger, store, tuple(labels)
        self.weights = KeptWeights(tagger, store, keep_weights, shared, resumes)
        self.taken: list[StepRecord] = []

    def run(self, step: Step[T]) -> T:
        """The step's value, computed or known."""
        return self._result(step).load()

    def fit(
        self,
        examples: Sequence[Example],
        *,
        seed: int,
        beside: bool = False,
        start: FitResult | None = None,
        options: FitOptions = FitOptions(),  # noqa: B008
    ) -> FitResult:
        """Train on ``examples``, from the pretrained weights or from those of ``start``.

        Args:
            examples: the training set.
            seed: of the fit.
            beside: it is not the round's tagger; its weights are dropped after the next fit.
            start: whose weights it starts from.
            options: how it differs from the tagger's settings.
        """
        fit = Fit(self.tagger, examples, seed, start, self.weights.keep, options)
        report = self.run(fit)
        self.weights.claim(fit.key)
        if not beside:
            self.weights.moved_on_to(fit.key)
        return FitResult(fit.key, report, partial(self._live, fit, report))

    def predict(self, fit: FitResult, sentences: Sequence[Sentence]) -> Predicted:
        """Let the trained tagger annotate ``sentences``."""
        return self._predicted(Predict(fit, sentences, self.labels), sentences)

    def average(self, members: Sequence[Predicted]) -> Predicted:
        """The mean of predictions for the same sentences; of one, itself."""
        if len(members) == 1:
            return members[0]
        return self._predicted(Average(members, self.labels), members[0].sentences)

    def _predicted(self, step: Step[Stored], sentences: Sequence[Sentence]) -> Predicted:
        result = self._result(step)
        read = partial(result.stream, lambda stored: stored.predictions)
        return Predicted(result.key, sentences, result.load().seconds, read)

    def close(self) -> None:
        """End the run: drop weights that nobody asked to keep."""
        self.weights.close()

    def _result(self, step: Step[T]) -> Result[T]:
        result = self.store.run(step)
        self.taken.append(StepRecord(step.NAME, result.key, result.hit, result.seconds))
        return result

    def _live(self, fit: Fit, report: FitReport) -> Fitted:
        """The trained tagger: from memory, from its weights, or trained again."""

        def again() -> Fitted:
            log.info("the weights of this fit were not kept: training again")
            self.taken.append(StepRecord(fit.NAME, fit.key, False, report.seconds))
            return fit.train()

        if not fit.in_memory:
            weights = self.weights.of(fit.key, again, report)
            fit.in_memory[:] = fit.in_memory or [weights.load()]
        return fit.in_memory[0]


class KeptWeights:
    """The weights of one run's fits: they are large, and a fit without them can be repeated.

    Every fit's weights stay until the next fit's are there, so that a killed run continues from
    them. Afterwards ``all`` stay, those of the ``last`` fit, or ``none``. With ``last``, those of
    round 0 stay too where ``shared``: other runs of a sweep begin with the same tagger, and the
    process that began the sweep drops them (``spare``) at its end. A run that ``resumes`` after
    every round, in another process, drops what the process before it has kept.
    """

    def __init__(
        self,
        tagger: Tagger,
        store: Store,
        which: KeepWeights,
        shared: bool = False,
        resumes: bool = False,
    ) -> None:
        self.tagger, self.store, self.which, self.resumes = tagger, store, which, resumes
        self.shared = shared and which == "last"
        self.written: list[str] = []  # keys: what others wrote is not this run's to drop
        self.first: str | None = None
        self.latest: str | None = None
        self.spare: list[str] = []  # that of round 0, once this run needs it no more

    def keep(self, fit: str, fitted: Fitted) -> None:
        """Save the tagger that was trained by ``fit``, a key, if the store keeps anything."""
        if self.store.keeps:
            self.of(fit, lambda: fitted, fitted.report)

    def of(self, fit: str, trained: Callable[[], Fitted], report: FitReport) -> Result[Fitted]:
        """The weights of ``fit``, a key; saved if they are not there."""

        def restore(folder: Path) -> Fitted:
            return self.tagger.restore(folder, report)

        found = self.store.run(Weights(fit, trained, restore))
        self.written += [] if found.hit else [found.key]
        return found

    def claim(self, fit: str) -> None:
        """Note a fit of an earlier process of the same run."""
        if self.resumes and (key := weights_key(fit)) not in self.written:
            self.written.append(key)

    def moved_on_to(self, fit: str) -> None:
        """Note the next fit, and drop the weights that were kept in case the run dies before it."""
        self.latest = weights_key(fit)
        self.first = self.first or self.latest
        if self.which != "all":
            self._drop(but=self.latest)

    def close(self) -> None:
        """The run has ended."""
        if self.which != "all":
            self._drop(but=None if self.which == "none" else self.latest)

    def _drop(self, but: str | None = None) -> None:
        for key in [key for key in self.written if key != but]:
            self.written.remove(key)
            if self.shared and key == self.first:
                self.spare.append(key)
            else:
                self.store.discard(key)
