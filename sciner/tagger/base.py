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
    """What one fit did: optimiser steps, corpus tokens seen (with repetition), wall seconds, and
    (step, mean loss) pairs. gold_tokens: of the tokens seen, those of gold; None where gold and
    silver were seen equally often."""

    steps: int
    tokens: int
    seconds: float
    losses: tuple[tuple[int, float], ...]
    gold_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a fit differs from what its tagger's own settings say; None leaves them as they are.

    steps: optimiser steps. gold_share: of the windows that an epoch shows, how many are gold on
    average, in (0, 1); the rarer source is repeated, nothing is left out. finish_steps: steps that
    follow on gold alone, at a lower rate. ema: decay of a moving average of the weights, which
    then are the tagger's.
    """

    steps: int | None = None
    gold_share: float | None = None
    finish_steps: int | None = None
    ema: float | None = None

    def tell_sources_apart(self) -> bool:
        """Does the fit depend on which examples are gold?"""
        return self.gold_share is not None or self.finish_steps is not None


class Fitted(Protocol):
    """A trained tagger."""

    @property
    def report(self) -> FitReport: ...

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """One prediction a sentence, in the given order; every token is covered, whatever the
        sentence's length."""

    def save(self, directory: Path) -> None:
        """Write weights (safetensors) and all that loading them again needs."""


@runtime_checkable
class Probed(Protocol):
    """A trained tagger that shows more than its answers, for policies that need it
    (``policy.acquisition``)."""

    def embeddings(self, sentences: Sequence[Sentence]) -> Floats:
        """[sentences, dimensions]."""

    def samples(self, sentences: Sequence[Sentence], passes: int, seed: int) -> Iterator[Floats]:
        """[passes, words, tags] label distributions of each sentence, drawn from what the tagger is
        unsure of in itself."""


@runtime_checkable
class Adjustable(Protocol):
    """A tagger whose fits can differ in length and mixture."""

    def adjusted(self, options: FitOptions) -> Tagger:
        """The same tagger, trained as ``options`` say. Without any it is the tagger itself, by
        value."""


class Tagger(Protocol):
    """An untrained tagger: the same examples, seed and start give the same fitted tagger."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can beside training and predicting; a package of a tagger says it once, as
        CAPABILITIES.

        initial_weights: a fit may start from an earlier one's. example_weights: examples may
        count more or less. fit_options: it is ``Adjustable``. soft_labels: it learns from
        ``Example.distribution``. random_fits: another seed gives another fit.
        embeddings, samples: a trained one is ``Probed`` for them. int8: a trained one can be
        rounded to whole numbers of eight bits.
        """

    def identity(self) -> dict[str, Any]:
        """All else that a fit depends on, for its key in a store: settings, classes, initial
        weights by checksum, and what of the device changes the last bits. JSON's types alone; no
        path, no name."""

    def fit(self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None) -> Fitted:
        """Train on weighted, possibly masked examples, from the pretrained weights or from those of
        ``start``."""

    def restore(self, directory: Path, report: FitReport) -> Fitted:
        """The trained tagger that ``Fitted.save`` wrote, predicting exactly what it predicted
        before."""
