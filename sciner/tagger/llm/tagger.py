"""A language model as a tagger: fitting it chooses its demonstrations, and nothing is trained."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from sciner import progress
from sciner.hashing import digest
from sciner.policy.cost import Usage
from sciner.tagger.base import Capabilities, FitReport, Fitted
from sciner.tagger.decode import predictions
from sciner.tagger.llm import CAPABILITIES
from sciner.tagger.llm.answer import FAULTS, Reading, read_answer, votes
from sciner.tagger.llm.ask import Asker, Question, Recipe
from sciner.tagger.llm.client import Reply
from sciner.tagger.llm.prompt import Demonstrations, Prompt
from sciner.text.corpus import Example, Sentence, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

FILE = "llm.json"
BLOCK = 64  # sentences asked about before their predictions are given


@dataclass(frozen=True)
class LlmTagger:
    """A language model for the classes of its prompt.

    Attributes:
        recipe: the model and its settings.
        prompt: the template, guideline and classes.
        asker: asks the questions.
    """

    capabilities: ClassVar[Capabilities] = CAPABILITIES
    recipe: Recipe
    prompt: Prompt
    asker: Asker

    def identity(self) -> dict[str, Any]:
        """Everything that an answer depends on except demonstrations; see ``Tagger.identity``."""
        recipe = self.recipe
        return {
            "kind": "llm",
            "labels": self.prompt.labels,
            "model": [recipe.name, recipe.revision],
            "prompt": self.prompt.digest,
            "sampling": recipe.sampling(),
            "samples": recipe.samples,
            "demonstrations": [recipe.demonstrations, recipe.choice],
        }

    def fit(
        self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None
    ) -> FittedLlm:
        """Keep the examples as candidates for demonstrations; nothing is trained.

        Without examples the model is asked without demonstrations (zero-shot). Examples with a
        masked token are left out.

        Args:
            examples: gold.
            seed: of the choice of demonstrations, and of sampling.
            start: must be None.

        Raises:
            ValueError: ``start`` is given, or an example has a soft label or a weight.
        """
        if start is not None:
            raise ValueError("a language model cannot start from another: nothing is trained")
        if stray := next((e for e in examples if e.distribution is not None), None):
            raise ValueError(f"{stray.sentence.id} has a soft label: a demonstration shows spans")
        if stray := next((e for e in examples if e.weight != 1), None):
            raise ValueError(f"{stray.sentence.id} has a weight: a demonstration is shown or not")
        whole = [e for e in examples if not e.masked and e.sentence.tokens]
        tokens = sum(len(e.sentence.tokens) for e in examples)
        return FittedLlm(self, tuple(whole), seed, FitReport(0, tokens, 0.0, ()))

    def restore(self, directory: Path, report: FitReport) -> FittedLlm:
        """Read what ``FittedLlm.save`` wrote."""
        kept = json.loads((directory / FILE).read_text(encoding="utf-8"))
        examples = [
            Example(Sentence(f"d#{i}", tuple(tokens)), tuple(Span(*span) for span in spans))
            for i, (tokens, spans) in enumerate(kept["demonstrations"])
        ]
        return FittedLlm(self, tuple(examples), kept["seed"], report)


@dataclass(frozen=True)
class FittedLlm:
    """A language model with candidates for its demonstrations."""

    tagger: LlmTagger
    candidates: tuple[Example, ...]
    seed: int
    report: FitReport

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """Yield predictions in the order of ``sentences``.

        The distribution is the share of answers that give a token each tag; the spans are those of
        the most probable legal tag sequence.
        """
        labels = self.tagger.prompt.labels
        with progress.bar("ask (sentences)", len(sentences)) as advance:
            for at in range(0, len(sentences), BLOCK):
                block = sentences[at : at + BLOCK]
                read = self.read(block)
                rows = [
                    votes(readings, len(s.tokens), labels)
                    for s, readings in zip(block, read, strict=True)
                ]
                yield from predictions(block, rows, tagset(labels))
                advance(len(block))

    def read(self, sentences: Sequence[Sentence]) -> list[tuple[Reading, ...]]:
        """Return the parsed answers about each sentence."""
        labels = self.tagger.prompt.labels
        return [
            tuple(read_answer(r.content, r.finish, s.tokens, labels) for r in replies)
            for s, replies in zip(sentences, self._asked(sentences), strict=True)
        ]

    def faults(self, sentences: Sequence[Sentence]) -> Counter[str]:
        """Count what went wrong in the answers about ``sentences``."""
        total: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
        for readings in self.read(sentences):
            for reading in readings:
                total.update(reading.faults)
        return total

    def usage(self, sentences: Sequence[Sentence]) -> Usage:
        """What the answers about ``sentences`` cost; the same question is counted once."""
        once = dict.fromkeys(self._keys(sentences))
        return self.tagger.asker.usage([self.tagger.asker.known[key] for key in once])

    def questions(self, sentences: Sequence[Sentence]) -> list[Question]:
        """All questions about ``sentences``: as many for each sentence as there are samples.

        A sentence without tokens has none.
        """
        recipe, found = self.tagger.recipe, []
        for s in sentences:
            if s.tokens:
                shown = self._demonstrations.of(s.tokens)
                found += [
                    Question(recipe, self.tagger.prompt, shown, s.tokens, self._seed(n))
                    for n in range(recipe.samples)
                ]
        return found

    def save(self, directory: Path) -> None:
        """Write the candidates as JSON."""
        directory.mkdir(parents=True, exist_ok=True)
        kept = {
            "seed": self.seed,
            "demonstrations": [[e.sentence.tokens, e.spans] for e in self.candidates],
        }
        (directory / FILE).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")

    def _asked(self, sentences: Sequence[Sentence]) -> list[tuple[Reply, ...]]:
        replies = iter(self.tagger.asker.ask(self.questions(sentences)))
        n = self.tagger.recipe.samples
        return [tuple(next(replies) for _ in range(n if s.tokens else 0)) for s in sentences]

    def _keys(self, sentences: Sequence[Sentence]) -> list[str]:
        """The keys of the answers; missing answers are asked for."""
        questions = self.questions(sentences)
        self.tagger.asker.ask(questions)
        return self.tagger.asker.keys(questions)

    def _seed(self, sample: int) -> int | None:
        """The seed of sampling; None at temperature 0, so that all seeds share one answer."""
        if not self.tagger.recipe.temperature:
            return None
        return int(digest([self.seed, sample])[:7], 16)

    @cached_property
    def _demonstrations(self) -> Demonstrations:
        recipe = self.tagger.recipe
        return Demonstrations(self.candidates, recipe.demonstrations, recipe.choice, self.seed)
