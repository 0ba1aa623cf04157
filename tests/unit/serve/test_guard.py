"""Requests are refused before they are read."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from sciner.serve.guard import Guard
from sciner.serve.limits import Limits
from tests.served import client_of

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9090", "127.0.0.1", "[::1]:9090", "LOCALHOST"]
)
def test_without_a_token_localhost_is_served(host: str) -> None:
    assert client_of().get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "", "localhost.evil:80"])
def test_without_a_token_another_name_is_refused(host: str) -> None:
    """A page in a browser may resolve its own name to 127.0.0.1."""
    answer = client_of().get("/health", headers={"Host": host})
    assert answer.status_code == 400 and "localhost only" in answer.json()["detail"]


def basic(password: str) -> str:
    return "Basic " + b64encode(f"any:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("path", "header"),
    [("/health", "Bearer s3cret"), ("/health", basic("s3cret")), ("/s3cret/health", "")],
)
def test_a_token_is_given_in_one_of_three_ways(path: str, header: str) -> None:
    headers = {"Authorization": header, "Host": "example.org"}
    assert client_of(token="s3cret").get(path, headers=headers).json() == {"status": "UP"}


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/health", ""),
        ("/health", "Bearer s3cre"),
        ("/health", "Bearer é"),
        ("/health", basic("")),
        ("/health", "Basic !"),
        ("/health", "Basic /w=="),
        ("/wrong/health", ""),
        ("/openapi.json", ""),
        ("//health", ""),
    ],
)
def test_without_the_token_nothing_is_answered(path: str, header: str) -> None:
    answer = client_of(token="s3cret").get(path, headers={"Authorization": header.encode()})
    assert answer.status_code == 401 and answer.json() == {
        "detail": "the token is missing or wrong"
    }


def test_a_large_request_is_refused_whatever_it_says() -> None:
    client = client_of(Limits(bytes=10))
    for content in (b"x" * 11, iter([b"x" * 6, b"x" * 5])):
        answer = client.post("/annotate", content=content, headers=JSON)
        assert answer.status_code == 413 and "10 bytes" in answer.json()["detail"]
    assert client.post("/annotate", content=b"x" * 10, headers=JSON).status_code == 422


class Endless:
    """A request whose body never ends; how many parts of it were read."""

    def __init__(self, part: bytes, pause: float = 0) -> None:
        self.part, self.pause, self.read = part, pause, 0

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self.pause)
        self.read += 1
        return {"type": "http.request", "body": self.part, "more_body": True}


def answered(guard: Guard, request: Endless) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message | {"read": request.read})

    headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
    scope = {"type": "http", "method": "POST", "path": "/annotate", "headers": headers}
    asyncio.run(guard(scope, request.receive, send))  # type: ignore[arg-type]
    return sent


@pytest.mark.slow
def test_an_endless_request_is_refused_once_it_is_too_large() -> None:
    sent = answered(Guard(None, Limits(bytes=1000)), Endless(b"x" * 100))  # type: ignore[arg-type]
    assert (sent[0]["status"], sent[0]["read"]) == (413, 11)


@pytest.mark.slow
def test_a_request_that_trickles_in_is_refused() -> None:
    slow = Endless(b"", pause=0.01)
    sent = answered(Guard(None, Limits(seconds=0.1)), slow)  # type: ignore[arg-type]
    assert sent[0]["status"] == 408


def test_when_as_many_are_answered_as_allowed_another_is_sent_away() -> None:
    """And is welcome again when one of them is done."""

    async def at_once() -> list[int]:
        gate, found = asyncio.Event(), []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        guard = Guard(app, Limits(requests=2))

        async def ask() -> None:
            bodies = [{"type": "http.request", "body": b"{}"}]

            async def receive() -> dict[str, Any]:
                return bodies.pop() if bodies else {"type": "http.disconnect"}

            async def send(message: dict[str, Any]) -> None:
                if "status" in message:
                    found.append(message["status"])
                    if message["status"] == 503:
                        assert (b"retry-after", b"1") in message["headers"]

            headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
            scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
            await guard(scope, receive, send)  # type: ignore[arg-type]

        first = [asyncio.ensure_future(ask()) for _ in range(2)]
        await asyncio.sleep(0)
        await ask()
        gate.set()
        await asyncio.gather(*first)
        await ask()
        return found

    assert asyncio.run(at_once()) == [503, 200, 200, 200]
