"""Questions and answers: each is a step, so that a store keeps it and it is paid for once."""

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
from sciner.store.step import Step
from sciner.store.store import Store
from sciner.tagger.llm.answer import schema
from sciner.tagger.llm.client import Endpoint, Prices, Purse, Reply, Structured
from sciner.tagger.llm.prompt import Choice, Prompt, digest_of_demonstrations
from sciner.text.corpus import Example

OVERHEAD = 64  # tokens that an endpoint may add to a question
FILE = "answer.json"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that an answer depends on besides its prompt.

    Attributes:
        name: of the model.
        revision: of the model, if its name alone does not identify it.
        temperature: of sampling; at 0 the most probable token is always chosen.
        samples: number of answers for each sentence.
        max_tokens: of one answer.
        structured: how the form of the answer is requested from the endpoint.
        demonstrations: how many are shown.
        choice: how they are chosen (``Demonstrations``).
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
        """The settings that one answer depends on."""
        return {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "structured": self.structured,
        }


@dataclass(frozen=True)
class Question:
    """A sentence with everything that is sent along with it.

    Attributes:
        recipe: the model and its settings.
        prompt: the template, guideline and classes.
        demonstrations: shown before the sentence.
        tokens: of the sentence.
        seed: of sampling; None at temperature 0.
    """

    recipe: Recipe
    prompt: Prompt
    demonstrations: tuple[Example, ...]
    tokens: tuple[str, ...]
    seed: int | None

    def text(self) -> str:
        """The whole prompt."""
        return self.prompt.text(self.tokens, self.demonstrations)

    def request(self) -> dict[str, Any]:
        """The request, in the names of the API."""
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
        """Upper bounds of its (prompt, completion) tokens; every token has at least one byte."""
        sent = json.dumps(self.request(), ensure_ascii=False).encode()
        return len(sent) + OVERHEAD, self.recipe.max_tokens


@dataclass(frozen=True)
class Ask(Step[Reply]):
    """Ask the model about one sentence, once."""

    NAME = "ask"
    VERSION = 1
    INPUTS: ClassVar = {
        "model": "its name and, if given, its revision",
        "prompt": "template, guideline and classes",
        "demonstrations": "",
        "sentence": "its tokens",
        "sampling": "temperature, longest answer, how its form is requested",
        "seed": "of sampling, unless the temperature is 0",
    }
    RESULT = (
        "the unchanged answer, why it ended, its tokens, and what the endpoint reports about itself"
    )

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
        """Its number of tokens."""
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {name: found[name] for name in ("prompt_tokens", "completion_tokens")}


@dataclass
class Asker:
    """Asks the questions that the store has no answer to, several at once.

    Attributes:
        endpoint: where to ask.
        store: of the answers.
        prices: per million tokens; at 0, the default, tokens are counted and money is 0.
        purse: counts the money and enforces the limit.
        known: the answers used by this run, by key.
    """

    endpoint: Endpoint
    store: Store
    prices: Prices = field(default_factory=Prices)
    purse: Purse = field(default_factory=Purse)
    known: dict[str, Reply] = field(default_factory=dict)

    def ask(self, questions: Iterable[Question]) -> list[Reply]:
        """Return the answers, in the order of the questions.

        An answer is stored when it arrives, so that what has been paid is kept if the run ends. The
        first question is asked alone: if the endpoint rejects a setting, this costs one question
        only.

        Raises:
            InputError: the endpoint refuses.
            CostLimitReached: the next answer might exceed the limit.
        """
        steps = [Ask(question, self._answer) for question in questions]
        missing = list({s.key: s for s in steps if s.key not in self.known}.values())
        # known ones first, because they count towards the limit too
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
        """The keys of the answers in the store; nothing is asked."""
        return [Ask(question, self._answer).key for question in questions]

    def usage(self, replies: Sequence[Reply]) -> Usage:
        """What answers cost."""
        sent = sum(reply.prompt_tokens for reply in replies)
        return self.prices.usage(sent, sum(reply.completion_tokens for reply in replies))

    def _answer(self, question: Question) -> Reply:
        key = Ask(question, self._answer).key
        if key in self.known:  # the store could not keep it
            return self.known[key]
        most = self.prices.usage(*question.most_tokens()).money
        with self.purse.reserve(most):
            reply = self.endpoint.ask(question.recipe.name, question.request())
            if self.purse.limit is not None and not reply.prompt_tokens:
                raise InputError(
                    "the endpoint does not count tokens, so the cost is unknown",
                    hint="give llm.max_cost=null, or another endpoint",
                )
            self.purse.pay(self.usage([reply]).money)
        self.known[key] = reply
        return reply

    def _note(self, key: str, reply: Reply) -> None:
        """Remember an answer, and pay for it unless that was done when it arrived."""
        if key not in self.known:
            self.purse.pay(self.usage([reply]).money, known=True)
            self.known[key] = reply
