"""Questions and their answers: each is a step that a store may know, and is paid once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from sciner.errors import InputError
from sciner.hashing import digest
from sciner.policy.cost import Usage
from sciner.store.disk import Store
from sciner.store.step import Step
from sciner.tagger.llm.answer import schema
from sciner.tagger.llm.client import Endpoint, Prices, Purse, Reply, Structured
from sciner.tagger.llm.prompt import Choice, Prompt, digest_of_demonstrations
from sciner.text.corpus import Example

OVERHEAD = 64  # tokens that an endpoint may put around a question
FILE = "answer.json"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that an answer depends on beside its prompt.

    name: of the model. revision: which one that is, where the name alone does not say it.
    temperature: of sampling; 0 always takes the likeliest. samples: answers for each sentence.
    max_tokens: of one answer. structured: how the endpoint is told the form of an answer.
    demonstrations, choice: how many are shown, and how they are chosen (``Demonstrations``).
    """

    name: str
    revision: str | None = None
    temperature: float = 0.0
    samples: int = 1
    max_tokens: int = 1024
    structured: Structured = "json_schema"
    demonstrations: int = 5
    choice: Choice = "random"

    def sampling(self) -> dict[str, Any]:
        """What one answer depends on."""
        return {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "structured": self.structured,
        }


@dataclass(frozen=True)
class Question:
    """A sentence with all that surrounds it. seed: of sampling; None where nothing is drawn."""

    recipe: Recipe
    prompt: Prompt
    demonstrations: tuple[Example, ...]
    tokens: tuple[str, ...]
    seed: int | None

    def text(self) -> str:
        return self.prompt.text(self.tokens, self.demonstrations)

    def request(self) -> dict[str, Any]:
        """What is sent, in the words of the API."""
        recipe, form = self.recipe, schema(self.prompt.labels)
        formats: dict[str, Any] = {
            "json_schema": {
                "type": "json_schema",
                "json_schema": {"name": "entities", "strict": True, "schema": form},
            },
            "json_object": {"type": "json_object"},
        }
        request: dict[str, Any] = {
            "messages": [{"role": "user", "content": self.text()}],
            "temperature": recipe.temperature,
            "max_tokens": recipe.max_tokens,
        }
        if recipe.structured in formats:
            request["response_format"] = formats[recipe.structured]
        return request if self.seed is None else request | {"seed": self.seed}

    def most_tokens(self) -> tuple[int, int]:
        """(prompt, completion) tokens that it cannot exceed: no token is less than a byte."""
        sent = json.dumps(self.request(), ensure_ascii=False).encode()
        return len(sent) + OVERHEAD, self.recipe.max_tokens


@dataclass(frozen=True)
class Ask(Step[Reply]):
    """Ask the model about one sentence, once."""

    NAME = "ask"
    VERSION = 1
    INPUTS: ClassVar = {
        "model": "its name, and its revision where one is given",
        "prompt": "template, guideline and classes",
        "demonstrations": "",
        "sentence": "its tokens",
        "sampling": "temperature, longest answer, how its form is told",
        "seed": "of sampling, if anything is drawn",
    }
    RESULT = "the answer as it came, why it ended, its tokens, and what the endpoint says of itself"

    question: Question
    answer: Callable[[Question], Reply]

    def inputs(self) -> Mapping[str, Any]:
        asked = self.question
        return {
            "model": [asked.recipe.name, asked.recipe.revision],
            "prompt": asked.prompt.digest,
            "demonstrations": digest_of_demonstrations(asked.demonstrations),
            "sentence": digest(asked.tokens),
            "sampling": asked.recipe.sampling(),
            "seed": asked.seed,
        }

    def compute(self, folder: Path) -> None:
        text = json.dumps(asdict(self.answer(self.question)), ensure_ascii=False)
        (folder / FILE).write_text(text, encoding="utf-8")

    def load(self, folder: Path) -> Reply:
        return Reply(**json.loads((folder / FILE).read_text(encoding="utf-8")))

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """Its tokens."""
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {name: found[name] for name in ("prompt_tokens", "completion_tokens")}


@dataclass
class Asker:
    """Asks what the store does not know, several questions at once. prices: None where nobody has
    said them: then tokens are counted, and money is 0."""

    endpoint: Endpoint
    store: Store
    prices: Prices = field(default_factory=Prices)
    purse: Purse = field(default_factory=Purse)
    known: dict[str, Reply] = field(default_factory=dict)  # in this run, by key

    def ask(self, questions: Iterable[Question]) -> list[Reply]:
        """The answers, in the order of the questions.

        An answer is stored when it comes, so that what has been paid is kept if the run ends. The
        first is asked for alone: a setting that no endpoint takes costs one question. Raises
        InputError where the endpoint refuses, CostLimitReached where the next one might be too
        much.
        """
        steps = [Ask(question, self._answer) for question in questions]
        missing = list({s.key: s for s in steps if s.key not in self.known}.values())
        # known ones first, since they cost the limit too
        missing.sort(key=lambda step: not self.store.has(step.key))
        stored = sum(self.store.has(step.key) for step in missing)
        for step in missing[: stored + 1]:
            self._note(step.key, self.store.run(step).load())
        with ThreadPoolExecutor(self.endpoint.concurrency) as pool:
            try:
                found = pool.map(lambda s: self.store.run(s).load(), missing[stored + 1 :])
                for step, reply in zip(missing[stored + 1 :], found, strict=True):
                    self._note(step.key, reply)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [self.known[step.key] for step in steps]

    def keys(self, questions: Iterable[Question]) -> list[str]:
        """Where the store keeps the answers; nothing is asked."""
        return [Ask(question, self._answer).key for question in questions]

    def usage(self, replies: Sequence[Reply]) -> Usage:
        """What answers cost."""
        sent = sum(reply.prompt_tokens for reply in replies)
        return self.prices.usage(sent, sum(reply.completion_tokens for reply in replies))

    def _answer(self, question: Question) -> Reply:
        key = Ask(question, self._answer).key
        if key in self.known:  # and the store could not keep it
            return self.known[key]
        most = self.prices.usage(*question.most_tokens()).money
        with self.purse.reserve(most):
            reply = self.endpoint.ask(question.recipe.name, question.request())
            if self.purse.limit is not None and not reply.prompt_tokens:
                raise InputError(
                    "the endpoint does not count tokens, so nobody knows what answers cost",
                    hint="give llm.max_cost=null, or another endpoint",
                )
            self.purse.pay(self.usage([reply]).money)
        self.known[key] = reply
        return reply

    def _note(self, key: str, reply: Reply) -> None:
        """Remember an answer, and pay for it unless that was done when it came."""
        if key not in self.known:
            self.purse.pay(self.usage([reply]).money, known=True)
            self.known[key] = reply
