"""The client of an OpenAI-compatible endpoint, with retries and a limit on the cost."""

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

LONGEST = 60.0  # seconds between two attempts, unless the endpoint requests more
PATIENCE = 600.0  # the longest pause that an endpoint can request, in seconds
SHOWN = 200  # characters of an endpoint's error, in messages
Structured = Literal["json_schema", "json_object", "none"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the endpoint.

    Attributes:
        content: its text; None if the model refused.
        finish: why it ended.
        prompt_tokens: of the question.
        completion_tokens: of the answer.
        model: the model's name, as the endpoint reports it.
        fingerprint: of the endpoint's system, as it reports it.
    """

    content: str | None
    finish: str | None
    prompt_tokens: int
    completion_tokens: int
    model: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens."""

    prompt: float = 0.0
    completion: float = 0.0

    def usage(self, prompt_tokens: int, completion_tokens: int) -> Usage:
        """The tokens and what they cost."""
        millions = prompt_tokens * self.prompt + completion_tokens * self.completion
        return Usage(prompt_tokens, completion_tokens, millions / 1e6)


@dataclass
class Purse:
    """What the answers of one run have cost, and the limit.

    An answer from the store counts with what it cost when it was asked, so that a repeated command
    stops at the same place.

    Attributes:
        limit: the most that all answers may cost; None for no limit.
        spent: what the answers have cost.
        reserved: the most that unanswered questions can cost.
        out: number of unanswered questions.
    """

    limit: float | None = None
    spent: float = 0.0
    reserved: float = 0.0
    out: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def reserve(self, most: float) -> Iterator[None]:
        """Set ``most`` aside while a question is unanswered.

        If other questions have reserved too much, this waits for their answers.

        Raises:
            CostLimitReached: the question alone might exceed the limit.
        """
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
        """Count what an answer cost.

        Args:
            money: what it cost.
            known: it comes from the store.

        Raises:
            CostLimitReached: a known answer exceeds the limit.
        """
        with self._changed:
            if known and self.limit is not None and self.spent + money > self.limit:
                raise CostLimitReached(self.limit, self.spent)
            self.spent += money


@dataclass(frozen=True)
class Endpoint:
    """Where and how questions are asked; nothing of this changes an answer or enters a key.

    Attributes:
        base_url: of the API.
        api_key_env: the environment variable that holds the key; None if no key is needed.
        timeout: seconds for one attempt.
        retries: attempts after the first.
        concurrency: questions at once.
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
                "a language model needs the package openai",
                hint="pip install 'sciner[llm]'",
            ) from None
        key = os.environ.get(self.api_key_env, "") if self.api_key_env else ""
        if key:
            keep_secret(key)
        # headers must be ASCII, and the client needs some key
        if not key.isascii():
            raise InputError(
                f"the key in {self.api_key_env} has characters outside ASCII", hint="set it again"
            )
        for library in ("httpx", "httpx2", "openai"):  # they log one line per question or try
            logging.getLogger(library).setLevel(logging.WARNING)
        return OpenAI(
            base_url=self.base_url, api_key=key or "none", timeout=self.timeout, max_retries=0
        )

    def check(self, model: str) -> None:
        """Ask for the list of models, which costs nothing.

        An endpoint without such a list is not checked further.

        Raises:
            InputError: the endpoint does not answer, rejects the key, or has no model of this name.
        """
        client = self._client  # first: it raises the error for a missing package
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
        """Ask one question.

        If the endpoint is busy, down or slow, try again after growing pauses, or after the pause
        that it requests.

        Raises:
            InputError: the endpoint refuses, or does not answer after all attempts.
        """
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
            f"{self.base_url} is not an endpoint: its answer is not JSON",
            hint="check llm.base_url, which often ends with /v1",
        )

    def _refusal(self, error: Exception, model: str) -> InputError:
        """An error of the endpoint as an InputError."""
        import openai

        # before it is cut: half a key would not be known
        said = redacted(" ".join(str(error).split()))[:SHOWN]
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            known = bool(self.api_key_env and os.environ.get(self.api_key_env))
            where = f"the key in {self.api_key_env}" if known else "a question without a key"
            return InputError(
                f"{self.base_url} rejects {where}",
                hint=f"set the variable {self.api_key_env or 'named by llm.api_key_env'}",
            )
        if isinstance(error, openai.NotFoundError):
            return InputError(f"{self.base_url} has no model {model!r} ({said})")
        if isinstance(error, openai.APIConnectionError):
            return InputError(
                f"no server answers at {self.base_url} ({said})",
                hint="check llm.base_url; the answers so far are in the store",
            )
        return InputError(
            f"{self.base_url} does not answer ({said})",
            hint="the answers so far are in the store; repeat the command to continue",
        )


def reply_of(found: Any) -> Reply:
    """The parts of a response that are used."""
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
    """Whether an error may be temporary, so that another attempt makes sense."""
    import openai

    if isinstance(error, openai.APIConnectionError):  # includes timeouts
        return True
    if isinstance(error, openai.APIStatusError):
        spent = getattr(error, "code", None) == "insufficient_quota"
        return not spent and (error.status_code in (408, 409, 429) or error.status_code >= 500)
    return False


def pause_after(error: Exception, tried: int) -> float:
    """Seconds until the next attempt.

    This is what the endpoint requests (``Retry-After``), or a random pause whose range doubles with
    each attempt, so that not all clients return at the same time.
    """
    headers = getattr(getattr(error, "response", None), "headers", {})
    told = [seconds_in(headers.get("retry-after-ms"), 1e-3), seconds_in(headers.get("retry-after"))]
    if asked := next((seconds for seconds in told if seconds is not None), None):
        return min(asked, PATIENCE)
    return min(LONGEST, 0.5 * 2.0**tried) * random.uniform(0.5, 1)


def seconds_in(header: str | None, unit: float = 1.0) -> float | None:
    """The seconds in a header: a number times ``unit``, or the time until a date."""
    if not header:
        return None
    with suppress(ValueError):
        return max(0.0, float(header) * unit)
    from email.utils import parsedate_to_datetime

    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    return None
