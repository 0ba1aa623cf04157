"""Train a tagger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from sciner.hashing import checksum_of, digest_of_rows
from sciner.loop.outcomes import FitResult
from sciner.loop.steps.files import read_json, write_json
from sciner.store.step import Step
from sciner.tagger.base import Adjustable, FitOptions, FitReport, Fitted, Tagger
from sciner.text.corpus import Example, tags_of


@dataclass(frozen=True)
class Fit(Step[FitReport]):
    """Train on ``examples``, from the pretrained weights or from those of ``start``.

    Attributes:
        tagger: what is trained.
        examples: the training set.
        seed: of the fit.
        start: the fit whose weights it starts from.
        keep: saves the tagger's weights under this step's key before the step ends, so a known fit
            has weights, unless they were dropped.
        options: how this fit differs from the tagger's settings.
        in_memory: the trained tagger, once there is one.
    """

    NAME = "fit"
    VERSION = 2
    INPUTS: ClassVar = {
        "tagger": "recipe, classes, initial weights by checksum, device, precision, threads, "
        "versions of torch and transformers",
        "examples": "the training set",
        "seed": "",
        "start": "the fit whose weights it starts from, if any",
        "sources": "which examples are gold; only with `gold_share` or `finish_steps`",
    }
    RESULT = "what the fit did: steps, tokens, seconds, losses"

    tagger: Tagger
    examples: Sequence[Example]
    seed: int
    start: FitResult | None
    keep: Callable[[str, Fitted], None]
    options: FitOptions = field(default_factory=FitOptions)
    in_memory: list[Fitted] = field(default_factory=list, init=False)  # at most one: once trained

    def inputs(self) -> Mapping[str, Any]:
        inputs = {
            "tagger": self.adjusted().identity(),
            "examples": digest_of_examples(self.examples),
            "seed": self.seed,
            "start": self.start.key if self.start else None,
        }
        if self.options.tell_sources_apart():
            inputs["sources"] = digest_of_rows(e.source for e in self.examples)
        return inputs

    def compute(self, folder: Path) -> None:
        fitted = self.train()
        self.keep(self.key, fitted)
        write_json(folder / "report.json", asdict(fitted.report))

    def load(self, folder: Path) -> FitReport:
        found = read_json(folder / "report.json")
        losses = tuple((int(step), loss) for step, loss in found["losses"])
        return FitReport(**found | {"losses": losses})

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """The report, of its losses the last."""
        found = read_json(folder / "report.json")
        report: dict[str, Any] = {name: told for name, told in found.items() if told is not None}
        losses = report.pop("losses")
        return report | ({"loss": losses[-1][1]} if losses else {})

    def train(self) -> Fitted:
        """The trained tagger; it is trained once, however often it is asked for."""
        if not self.in_memory:
            start = self.start.live() if self.start else None
            self.in_memory.append(self.adjusted().fit(self.examples, seed=self.seed, start=start))
        return self.in_memory[0]

    def adjusted(self) -> Tagger:
        """The tagger with the options of this fit.

        Raises:
            ValueError: it has no options.
        """
        if self.options == FitOptions():
            return self.tagger
        if not isinstance(self.tagger, Adjustable):
            raise ValueError(f"this tagger's fits are all alike: it cannot have {self.options}")
        return self.tagger.adjusted(self.options)


def digest_of_examples(examples: Sequence[Example]) -> str:
    """Digest what a fit sees of its training set.

    Tokens, the labels of unmasked tokens (tags or distributions) and weights, in order; neither ids
    nor provenance.
    """
    return digest_of_rows([e.sentence.tokens, labels_of(e), e.weight] for e in examples)


def labels_of(example: Example) -> Any:
    """What is learnt of an example's tokens, as JSON's types."""
    if example.distribution is not None:
        return [checksum_of(example.distribution.tobytes()), sorted(example.masked)]
    return [None if i in example.masked else tag for i, tag in enumerate(tags_of(example))]
