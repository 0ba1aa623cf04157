"""The page of a review on localhost, for the one browser that has its address.

A page elsewhere cannot use it: the address has a token, the Host header must name this machine (DNS
rebinding), a request that changes something must come from the page itself (Origin), and the page
loads and runs nothing but its own files.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from sciner.errors import InputError
from sciner.localhost import ADDRESS, HOSTS, binding, host_of
from sciner.report.sentences import name_of
from sciner.review.decisions import Decision, Decisions, Stale
from sciner.review.work import Item
from sciner.text.formats.fields import parse_object

MOST = 1_000_000  # bytes of a request's body
PATIENCE = 20.0  # seconds for a request to arrive
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
ASSETS = {  # everything that can be loaded
    "/": ("sciner.review", "review.html"),
    "/page.css": ("sciner.report", "page.css"),
    "/review.css": ("sciner.review", "review.css"),
    "/review.js": ("sciner.review", "review.js"),
    "/saving.js": ("sciner.review", "saving.js"),
    "/sentence.js": ("sciner.review", "sentence.js"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is not answered: its status, and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class ReviewServer(ThreadingHTTPServer):
    """Serves one review; ``serve_forever`` answers until it is interrupted.

    Attributes:
        decisions: that the page shows and saves.
        token: the secret of the address.
    """

    daemon_threads = True

    def __init__(self, decisions: Decisions, port: int = 0) -> None:
        """Bind a port of this machine; 0 is any that is free."""
        self.decisions, self.token = decisions, secrets.token_urlsafe()
        self.assets = {
            path: (
                files(package).joinpath("assets", name).read_bytes(),
                KINDS[name.rpartition(".")[2]],
            )
            for path, (package, name) in ASSETS.items()
        }
        with binding(port):
            super().__init__((ADDRESS, port), Handler)

    @property
    def url(self) -> str:
        """The address to open, with the token."""
        return f"http://{ADDRESS}:{self.server_port}/?token={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that has gone away."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def is_token(self, word: str) -> bool:
        """Whether a word is the token, in the same time for every word."""
        return secrets.compare_digest(word.encode(), self.token.encode())


class Handler(BaseHTTPRequestHandler):
    """Answers a request."""

    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sciner", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Answer with a file of the page, or with the sentences."""
        try:
            self.check_host()
            path, _, query = self.path.partition("?")
            given = parse_qs(query).get("token", [""])[0] if path == "/" else ""
            self.check_token(given or self.cookie())
            if path == "/sentences":
                self.answer_json(HTTPStatus.OK, content(self.server.decisions))
            elif found := self.server.assets.get(path):
                self.answer(HTTPStatus.OK, *found, cookie=given)
            else:
                raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        except Refused as refused:
            self.refuse(refused)

    def do_POST(self) -> None:
        """Save a decision."""
        try:
            self.check_host()
            self.check_token(self.cookie())
            if self.headers.get("Origin") != f"http://{self.headers['Host']}":
                raise Refused(HTTPStatus.FORBIDDEN, "the request comes from another page")
            if self.path != "/save":
                raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")
            self.save(self.body())
        except Refused as refused:
            self.refuse(refused)

    def save(self, body: bytes) -> None:
        """Keep the decision in a request's body, and answer with what is kept."""
        decisions = self.server.decisions
        try:
            row = parse_object(body.decode())
            if row.get("file") != str(decisions.work.file):
                raise InputError("this page is of another review: open the address in the terminal")
            kept = decisions.save(row)
        except Stale as stale:
            problem = {"error": str(stale), **state(stale.now)}
            self.answer_json(HTTPStatus.CONFLICT, problem)
        except (InputError, UnicodeDecodeError) as error:
            self.answer_json(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)})
        except OSError as error:
            problem = {"error": f"{error.filename}: {error.strerror}"}
            self.answer_json(HTTPStatus.INSUFFICIENT_STORAGE, problem)
        else:
            self.answer_json(HTTPStatus.OK, state(kept))

    def body(self) -> bytes:
        """The body of a request, if it is JSON and not too long."""
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be JSON")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal() or "Transfer-Encoding" in self.headers:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "the length of the body is missing")
        if len(length) > len(str(MOST)) or int(length) > MOST:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {MOST:,} bytes")
        return self.rfile.read(int(length))

    def check_host(self) -> None:
        """Refuse a name of this machine that a foreign page may have given it."""
        if host_of(self.headers.get("Host", "")) not in HOSTS:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, f"open http://{ADDRESS}")

    def check_token(self, word: str) -> None:
        """Refuse whoever does not have the address that was printed."""
        if not self.server.is_token(word):
            raise Refused(
                HTTPStatus.FORBIDDEN, "open the address that sciner review printed, with its token"
            )

    @property
    def cookie_name(self) -> str:
        """By port, because the cookies of a host are those of all its ports."""
        return f"sciner-review-{self.server.server_port}"

    def cookie(self) -> str:
        """The token in the cookie; empty if there is none."""
        # not with http.cookies, which reads none if another server's cookie is malformed
        given = self.headers.get("Cookie", "").split(";")
        pairs = (pair.strip().partition("=") for pair in given)
        return next((value for name, _, value in pairs if name == self.cookie_name), "")

    def answer(self, status: HTTPStatus, body: bytes, kind: str, cookie: str = "") -> None:
        """Send a response; a cookie is set if there is a token to keep."""
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if cookie:
            kept = f"{self.cookie_name}={cookie}; Path=/; HttpOnly; SameSite=Strict"
            self.send_header("Set-Cookie", kept)
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, status: HTTPStatus, value: Mapping[str, Any]) -> None:
        """Send a response in JSON."""
        self.answer(status, json.dumps(value, allow_nan=False).encode(), "application/json")

    def refuse(self, refused: Refused) -> None:
        """Send why a request is refused, and read no further."""
        self.close_connection = True
        self.answer(refused.status, f"{refused}\n".encode(), "text/plain")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the address has the token."""


def content(decisions: Decisions) -> dict[str, Any]:
    """Everything that the page shows, as JSON."""
    work = decisions.work
    return {
        "run": name_of(work.run),
        "title": work.title,
        "annotator": work.annotator,
        "file": str(work.file),
        "next": work.next,
        "labels": work.labels,
        "items": [
            {"id": id, **shown(item), **state(decisions.of[id])} for id, item in work.items.items()
        ],
    }


def shown(item: Item) -> dict[str, Any]:
    """A sentence, the spans to start from, and what is suspected of them."""
    spans, sure = item.proposal
    suspects = item.suspected.suspects if item.suspected else ()
    return {
        "tokens": item.sentence.tokens,
        "proposed": spans,
        "confidences": [round(c, 3) for c in sure],
        "suspects": [
            {
                "kind": one.kind,
                "given": one.given,
                "suggested": one.suggested,
                "p": [round(one.p_given, 3), round(one.p_suggested, 3)],
            }
            for one in suspects
        ],
        "suggested": item.suggested(),
    }


def state(decision: Decision) -> dict[str, Any]:
    """How a sentence is labelled."""
    return {
        "spans": decision.spans,
        "done": decision.done,
        "seconds": decision.seconds,
        "revision": decision.revision,
    }
