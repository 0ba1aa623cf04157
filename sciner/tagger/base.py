"""The one interface of everything that annotates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from sciner.text.corpus import Example, Sentence
from sciner.text.prediction import Floats, Prediction

Capability = Literal[
    "initial_weights",
    "example_weights",
    "fit_options",
    "soft_labels",
    "random_fits",
    "embeddings",
    "samples",
    "int8",
]
Capabilities = frozenset[Capability]
PROBES: Capabilities = frozenset({"embeddings", "samples"})  # what ``Probed`` shows


@dataclass(frozen=True, slots=True)
class FitReport:
    """What one fit did.

    Attributes:
        steps: optimiser steps.
        tokens: corpus tokens seen, with repetition.
        seconds: wall time.
        losses: (step, mean loss) pairs.
        gold_tokens: of the tokens seen, those of gold; None where gold and silver were seen equally
            often.
    """

    steps: int
    tokens: int
    seconds: float
    losses: tuple[tuple[int, float], ...]
    gold_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a fit differs from its tagger's own settings; None leaves a setting as it is.

    Attributes:
        steps: optimiser steps.
        gold_share: of the windows that an epoch shows, how many are gold on average, in (0, 1); the
            rarer source is repeated, nothing is left out.
        finish_steps: steps that follow on gold alone, at a lower rate.
        ema: decay of a moving average of the weights, which is then the tagger.
    """

    steps: int | None = None
    gold_share: float | None = None
    finish_steps: int | None = None
    ema: float | None = None

    def tell_sources_apart(self) -> bool:
        """Whether the fit depends on which examples are gold."""
        return self.gold_share is not None or self.finish_steps is not None


class Fitted(Protocol):
    """A trained tagger."""

    @property
    def report(self) -> FitReport: ...

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """Yield one prediction per sentence, in their order; every token of it is covered."""

    def save(self, directory: Path) -> None:
        """Write weights (safetensors) and all that loading them again needs."""


@runtime_checkable
class Probed(Protocol):
    """A trained tagger that also has embeddings and samples, for ``policy.acquisition``."""

    def embeddings(self, sentences: Sequence[Sentence]) -> Floats:
        """[sentences, dimensions]."""

    def samples(self, sentences: Sequence[Sentence], passes: int, seed: int) -> Iterator[Floats]:
        """Yield label distributions of each sentence that vary as the tagger is uncertain.

        Returns:
            [passes, words, tags] for each sentence.
        """


@runtime_checkable
class Adjustable(Protocol):
    """A tagger whose fits can differ in length and mixture."""

    def adjusted(self, options: FitOptions) -> Tagger:
        """Return the same tagger, trained as ``options`` say; without any, an equal one."""


class Tagger(Protocol):
    """An untrained tagger: the same examples, seed and start give the same fitted tagger."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do beside training and predicting; its package defines CAPABILITIES.

        initial_weights: a fit may start from an earlier one's. example_weights: examples may have
        weights. fit_options: it is ``Adjustable``. soft_labels: it learns from
        ``Example.distribution``. random_fits: another seed gives another fit. embeddings, samples:
        a trained one is ``Probed`` for them. int8: a trained one can be quantised.
        """

    def identity(self) -> dict[str, Any]:
        """All else that a fit depends on, for its key in a store.

        Settings, classes, initial weights by checksum, and what of the device changes the last
        bits; as JSON types, without paths and names.
        """

    def fit(self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None) -> Fitted:
        """Train on weighted, possibly masked examples.

        Args:
            examples: the training set.
            seed: of all that is drawn.
            start: whose weights it starts from; None: the pretrained ones.
        """

    def restore(self, directory: Path, report: FitReport) -> Fitted:
        """Read the tagger that ``Fitted.save`` wrote; it predicts exactly what it did before."""
