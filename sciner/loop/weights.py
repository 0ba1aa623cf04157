"""Which fits' weights stay: they are large, and a fit that lacks them can be done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sciner.store.disk import Store
from sciner.store.step import Result, Step, key_of
from sciner.tagger.base import Fitted

Weights = Literal["none", "last", "all"]
WEIGHTS = 1  # the step's version, see ``loop.steps.VERSIONS``


class Kept:
    """The weights of one run's fits. Every fit's are kept until the next one's are (a killed run goes on from them); then
    ``all`` stay, the ``last`` fit's, or ``none``. With ``last``, those of round 0 stay too where ``shared``: other runs of a
    sweep begin with the same tagger, and who began the sweep drops them (``spare``) when it has ended."""

    def __init__(self, store: Store, weights: Weights, shared: bool) -> None:
        self.store, self.weights, self.shared = store, weights, shared and weights == "last"
        self.written: list[str] = []  # keys of what this run may drop: another may want to go on from what others wrote
        self.first: str | None = None
        self.spare: list[str] = []  # that of round 0, once this run needs it no more

    def keep(self, fit: str, trained: Callable[[], Fitted]) -> Result:
        """The weights of the fit under the key ``fit``, saved if they are not there."""

        def make(folder: Path) -> None:
            trained().save(folder)

        found = self.store.run(Step("weights", WEIGHTS, {"fit": fit}, make))
        self.written += [] if found.hit else [found.key]
        return found

    def moved_on_to(self, fit: str) -> None:
        """There is the next fit: what was kept for the case that the run dies before it may go."""
        self.first = self.first or weights_key(fit)
        if self.weights != "all":
            self._drop(but=weights_key(fit))

    def close(self) -> None:
        """The run has ended."""
        if self.weights == "none":
            self._drop()

    def _drop(self, but: str | None = None) -> None:
        for key in [key for key in self.written if key != but]:
            self.written.remove(key)
            if self.shared and key == self.first:
                self.spare.append(key)
            else:
                self.store.discard(key)


def weights_key(fit: str) -> str:
    """The key of the weights of a fit."""
    return key_of("weights", WEIGHTS, {"fit": fit})
