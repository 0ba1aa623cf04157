"""A tagger that needs no training time and records what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sciner.store.step import Step
from sciner.tagger.base import Capabilities, FitOptions, FitReport, Fitted
from sciner.tagger.decode import predictions
from sciner.text.corpus import Corpus, Example, Sentence, tags_of, tagset
from sciner.text.prediction import Floats, Prediction
from sciner.text.sample import read_sample


@dataclass
class FakeTagger:
    """Remembers the tag every word had in training, most often; is the surer of it the more often
    it was so."""

    capabilities: ClassVar[Capabilities] = frozenset(
        {"initial_weights", "example_weights", "fit_options", "embeddings", "samples"}
    )

    labels: tuple[str, ...]
    fits: list[tuple[Example, ...]] = field(default_factory=list)
    starts: list[Fitted | None] = field(default_factory=list)
    seen: list[Sentence] = field(default_factory=list)
    options: FitOptions = field(default_factory=FitOptions)

    def identity(self) -> dict[str, Any]:
        options = {name: told for name, told in asdict(self.options).items() if told is not None}
        return {"kind": "fake", "labels": self.labels} | options

    def adjusted(self, options: FitOptions) -> FakeTagger:
        """Writes into the same lists."""
        return replace(self, options=options)

    def restore(self, directory: Path, report: FitReport) -> FakeFitted:
        kept = json.loads((directory / "votes.json").read_text(encoding="utf-8"))
        return FakeFitted(
            self,
            tagset(self.labels),
            {word: np.array(votes) for word, votes in kept.items()},
            report,
        )

    def fit(
        self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None
    ) -> FakeFitted:
        self.fits.append(tuple(examples))
        self.starts.append(start)
        tags = tagset(self.labels)
        votes: dict[str, np.ndarray] = {}
        for example in examples:
            for i, (word, tag) in enumerate(
                zip(example.sentence.tokens, tags_of(example), strict=True)
            ):
                if i not in example.masked:
                    votes.setdefault(word, np.zeros(len(tags)))[tags.index(tag)] += example.weight
        return FakeFitted(
            self,
            tags,
            votes,
            FitReport(1, sum(len(e.sentence.tokens) for e in examples), 0.01, ((1, 0.5),)),
        )


@dataclass
class FakeFitted:
    tagger: FakeTagger
    tags: tuple[str, ...]
    votes: dict[str, np.ndarray]
    report: FitReport

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        self.tagger.seen += sentences
        prior = np.zeros(len(self.tags))
        prior[0] = 0.5
        rows = []
        for sentence in sentences:
            counts = np.stack([self.votes.get(word, 0) + prior + 0.01 for word in sentence.tokens])
            rows.append((counts / counts.sum(1, keepdims=True)).astype(np.float32))
        yield from predictions(sentences, rows, self.tags)

    def embeddings(self, sentences: Sequence[Sentence]) -> Floats:
        self.tagger.seen += sentences
        return np.array(
            [[len(s.tokens), sum(map(len, s.tokens))] for s in sentences], dtype=np.float32
        ).reshape(-1, 2)

    def samples(self, sentences: Sequence[Sentence], passes: int, seed: int) -> Iterator[Floats]:
        rng = np.random.default_rng(seed)
        for p in self.predict(sentences):
            drawn = p.distribution * rng.uniform(0.5, 1, (passes, *p.distribution.shape))
            yield (drawn / drawn.sum(-1, keepdims=True)).astype(np.float32)

    def save(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        kept = {word: votes.tolist() for word, votes in self.votes.items()}
        (directory / "votes.json").write_text(json.dumps(kept), encoding="utf-8")


def small_corpus(train: int = 8, test: int = 2) -> Corpus:
    """The sample's first papers."""
    whole = read_sample()

    def first(sentences: tuple[Sentence, ...], papers: int) -> tuple[Sentence, ...]:
        kept = list(dict.fromkeys(s.document for s in sentences))[:papers]
        return tuple(s for s in sentences if s.document in kept)

    return replace(whole, train=first(whole.train, train), test=first(whole.test, test))


@dataclass(frozen=True)
class FakeStep(Step[str]):
    """A text that is known by its ``name``. write: what is done instead of writing the text."""

    NAME = "text"
    VERSION = 1
    INPUTS: ClassVar = {"name": "a name"}
    RESULT = "a text"

    name: str
    value: str = "1"
    write: Callable[[Path], None] | None = None

    def inputs(self) -> Mapping[str, Any]:
        return {"name": self.name}

    def compute(self, folder: Path) -> None:
        if self.write:
            self.write(folder)
        else:
            (folder / "value").write_text(self.value)

    def load(self, folder: Path) -> str:
        return (folder / "value").read_text()
