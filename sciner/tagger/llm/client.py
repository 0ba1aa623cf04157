"""An OpenAI-compatible endpoint: asked politely, and never more than it may cost."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sciner.errors import CostLimitReached, InputError, nearest
from sciner.policy.cost import Usage
from sciner.redact import keep_secret, redacted

log = logging.getLogger(__name__)

LONGEST = 60.0  # seconds between two tries, unless the endpoint asks for more
PATIENCE = 600.0  # the most that an endpoint is waited for at its own word
SHOWN = 200  # characters of what an endpoint says, in messages
Structured = Literal["json_schema", "json_object", "none"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. content: None where the model refused. finish: why it ended. model,
    fingerprint: what the endpoint says of itself."""

    content: str | None
    finish: str | None
    prompt_tokens: int
    completion_tokens: int
    model: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a million tokens."""

    prompt: float = 0.0
    completion: float = 0.0

    def usage(self, prompt_tokens: int, completion_tokens: int) -> Usage:
        """What so many tokens cost."""
        millions = prompt_tokens * self.prompt + completion_tokens * self.completion
        return Usage(prompt_tokens, completion_tokens, millions / 1e6)


@dataclass
class Purse:
    """What the answers of one run have cost, and the most that they may. An answer that the store
    knew costs what it cost when it was asked for, so that the same words stop at the same place."""

    limit: float | None = None
    spent: float = 0.0
    reserved: float = 0.0
    out: int = 0  # questions without an answer so far
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def reserve(self, most: float) -> Iterator[None]:
        """Keep ``most`` back while a question is out. Where that is too much beside other questions
        it waits for their answers. Raises CostLimitReached where it is too much by itself."""
        with self._changed:
            while self.limit is not None and self.spent + self.reserved + most > self.limit:
                if not self.out:
                    raise CostLimitReached(self.limit, self.spent)
                self._changed.wait()
            self.reserved += most
            self.out += 1
        try:
            yield
        finally:
            with self._changed:
                self.out -= 1
                self.reserved = self.reserved - most if self.out else 0.0
                self._changed.notify_all()

    def pay(self, money: float, known: bool = False) -> None:
        """Note what an answer cost. Raises CostLimitReached for a ``known`` one that is too
        much."""
        with self._changed:
            if known and self.limit is not None and self.spent + money > self.limit:
                raise CostLimitReached(self.limit, self.spent)
            self.spent += money


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, and how. None of it changes an answer, and none is part of a key.

    api_key_env: the variable of the environment that holds the key; None where there is none.
    timeout: seconds for one try. retries: tries after the first. concurrency: questions at once.
    """

    base_url: str
    api_key_env: str | None
    timeout: float = 120.0
    retries: int = 5
    concurrency: int = 4

    @cached_property
    def _client(self) -> Any:
        try:
            from openai import OpenAI
        except ImportError:
            raise InputError(
                "a language model is asked by the package openai, which is not installed",
                hint="pip install 'sciner[llm]'",
            ) from None
        key = os.environ.get(self.api_key_env, "") if self.api_key_env else ""
        if key:
            keep_secret(key)
        # headers must be ASCII, and a client wants some key
        if not key.isascii():
            raise InputError(f"the key in {self.api_key_env} has letters outside ASCII")
        for library in ("httpx", "httpx2", "openai"):  # a line for every question or try
            logging.getLogger(library).setLevel(logging.WARNING)
        return OpenAI(
            base_url=self.base_url, api_key=key or "none", timeout=self.timeout, max_retries=0
        )

    def check(self, model: str) -> None:
        """Ask which models there are, which costs nothing. Raises InputError where nobody answers,
        the key is refused, or ``model`` is not among them; an endpoint that lists none is taken at
        its word."""
        client = self._client  # refuses to be made without the package
        import openai

        try:
            names = [m.id for m in client.with_options(max_retries=1).models.list().data]
        except openai.NotFoundError:
            return
        except AttributeError:  # the client takes a web page for a string
            raise self._no_endpoint() from None
        except openai.OpenAIError as error:
            raise self._refusal(error, model) from None
        if names and model not in names:
            raise InputError(f"{self.base_url} has no model {model!r}", hint=nearest(model, names))

    def ask(self, model: str, request: Mapping[str, Any]) -> Reply:
        """One answer; tried again with growing pauses, or those that the endpoint asks for, where
        it is busy, down or slow. Raises InputError where it refuses, or still does not answer."""
        client = self._client
        import openai

        for left in range(self.retries, -1, -1):
            try:
                found = client.chat.completions.create(model=model, **request)
                if isinstance(found, str):
                    raise self._no_endpoint()
                return reply_of(found)
            except openai.OpenAIError as error:
                if not left or not passing(error):
                    raise self._refusal(error, model) from None
                pause = pause_after(error, self.retries - left)
                log.info("%s: trying again in %.1f s", type(error).__name__, pause)
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _no_endpoint(self) -> InputError:
        return InputError(
            f"{self.base_url} is no endpoint: what it answers is no JSON",
            hint="check llm.base_url, which often ends with /v1",
        )

    def _refusal(self, error: Exception, model: str) -> InputError:
        """An error of the endpoint in one line."""
        import openai

        # before it is cut: half a key would not be known
        said = redacted(" ".join(str(error).split()))[:SHOWN]
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            known = bool(self.api_key_env and os.environ.get(self.api_key_env))
            where = f"the key in {self.api_key_env}" if known else "a question without a key"
            return InputError(
                f"{self.base_url} refuses {where}",
                hint=f"set the variable {self.api_key_env or 'that llm.api_key_env names'}",
            )
        if isinstance(error, openai.NotFoundError):
            return InputError(f"{self.base_url} has no model {model!r} ({said})")
        if isinstance(error, openai.APIConnectionError):
            return InputError(
                f"nobody answers at {self.base_url} ({said})",
                hint="check llm.base_url; answers so far are in the store",
            )
        return InputError(
            f"{self.base_url} does not answer ({said})",
            hint="answers so far are in the store, and the same words go on",
        )


def reply_of(found: Any) -> Reply:
    """What counts of a response."""
    choice = found.choices[0] if found.choices else None
    message = choice.message if choice else None
    refused = message is None or getattr(message, "refusal", None)
    usage = found.usage
    return Reply(
        None if refused or message is None else message.content,
        choice.finish_reason if choice else None,
        usage.prompt_tokens if usage else 0,
        usage.completion_tokens if usage else 0,
        found.model,
        getattr(found, "system_fingerprint", None),
    )


def passing(error: Exception) -> bool:
    """Is it worth another try? Money that has run out is not."""
    import openai

    if isinstance(error, openai.APIConnectionError):  # timeouts too
        return True
    if isinstance(error, openai.APIStatusError):
        spent = getattr(error, "code", None) == "insufficient_quota"
        return not spent and (error.status_code in (408, 409, 429) or error.status_code >= 500)
    return False


def pause_after(error: Exception, tried: int) -> float:
    """Seconds until the next try: what the endpoint asks for (``Retry-After``), else twice as long
    each time, and not the same for all who wait."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    told = [seconds_in(headers.get("retry-after-ms"), 1e-3), seconds_in(headers.get("retry-after"))]
    if asked := next((seconds for seconds in told if seconds is not None), None):
        return min(asked, PATIENCE)
    return min(LONGEST, 0.5 * 2.0**tried) * random.uniform(0.5, 1)


def seconds_in(header: str | None, unit: float = 1.0) -> float | None:
    """A number of a header; a date, as ``Retry-After`` may have, is turned into seconds from
    now."""
    if not header:
        return None
    with suppress(ValueError):
        return max(0.0, float(header) * unit)
    from email.utils import parsedate_to_datetime

    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    return None
