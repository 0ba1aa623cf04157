"""What every request passes before it is read: host, token, place in the queue, size."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
import traceback
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sciner.localhost import HOSTS, host_of
from sciner.serve.limits import Limits

log = logging.getLogger("sciner.serve")
RETRY = {"Retry-After": "1"}
Headed = Mapping[str, str]


class Refused(Exception):
    """A request is refused: status, one sentence, headers."""

    def __init__(self, status: int, detail: str, headers: Headed | None = None) -> None:
        super().__init__(detail)
        self.response = refusal(status, detail, headers)


def refusal(status: int, detail: str, headers: Headed | None = None) -> JSONResponse:
    """The answer to a request that is refused."""
    shown = " ".join(detail.encode("utf-8", "replace").decode().split())
    return JSONResponse({"detail": shown}, status, headers)


class Guard:
    """Wraps an application.

    Requests are refused with 400 (another host's name: a page in a browser could reach this server
    by DNS rebinding), 401, 408, 413 and 503. Only POST waits for a place. The log has one line
    for each request, with the reason of a refusal, and without the text.

    Args:
        app: the application.
        limits: of requests.
        token: None asks for none; otherwise it is given as a bearer token, as the password of basic
            authentication, or as the first part of the path.
    """

    def __init__(self, app: ASGIApp, limits: Limits, token: str | None = None) -> None:
        self.app, self.limits, self.token = app, limits, token
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, more, why = time.perf_counter(), 0, True, ""

        async def taken() -> Message:
            nonlocal more
            message = await receive()
            more = message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal status, why
            status = message.get("status", status)
            if status >= 400 and message.get("body"):  # tools often do not show it
                why = ": " + json.loads(message["body"])["detail"]
            await send(message)

        try:
            scope = self._admitted(scope)
            if scope["method"] == "POST":
                with self._place():
                    body = await self._body(Headers(scope=scope), taken)
                    await self.app(scope, replayed(body, receive), noted)
            else:
                await self.app(scope, receive, noted)
        except Refused as refused:
            await refuse(refused.response, taken if more else None, noted)
        except Exception as error:  # its message may quote the text
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s in sciner\n%s", type(error).__name__, where)
        path = scope["path"] if "route" in scope else "-"  # otherwise it may be anything
        spent = 1000 * (time.perf_counter() - began)
        log.info("%s %s %d %.0f ms%s", scope["method"], path, status, spent, why)

    def _admitted(self, scope: Scope) -> Scope:
        """The scope, without a token in its path."""
        headers = Headers(scope=scope)
        if self.token is None:
            if host_of(headers.get("host", "")) not in HOSTS:
                raise Refused(400, "this server answers on localhost only; ask it by that name")
            return scope
        path: str = scope["path"]
        first, _, rest = path.removeprefix("/").partition("/")
        if same(first, self.token):
            return {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
        if same(credential(headers.get("authorization", "")), self.token):
            return scope
        raise Refused(401, "the token is missing or wrong", {"WWW-Authenticate": "Basic"})

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self.open >= self.limits.requests:
            problem = f"{self.open} requests are being answered; try again in a second"
            raise Refused(503, problem, RETRY)
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        most = self.limits.bytes
        large = Refused(413, f"the request is larger than {most:,} bytes; send less at once")
        told = headers.get("content-length", "")
        if told.isascii() and told.isdigit() and (len(told) > 18 or int(told) > most):
            raise large
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.seconds):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise large
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Refused(408, "the request did not arrive in time") from None


async def refuse(response: Response, receive: Receive | None, send: Send) -> None:
    """Send an answer, and take what the client is still sending, for a second at most.

    Otherwise the connection would be reset, and many clients would never see the answer.

    Args:
        response: the answer.
        receive: None if the whole request was received.
        send: to the client.
    """
    head = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "http.response.start", **head})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while receive and (await receive()).get("more_body"):
                pass
    await send({"type": "http.response.body", "body": b""})


def replayed(body: bytes, receive: Receive) -> Receive:
    """Receive a body that has been read, and then what follows it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def credential(header: str) -> str:
    """The token in an Authorization header; "" if there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(value.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
    except (Error, ValueError):
        return ""


def same(given: str, token: str) -> bool:
    """Whether a token is the right one, in a time that does not depend on it."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())
