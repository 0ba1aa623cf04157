"""The server answers the page that it gave to whoever has the address, and nobody else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sciner.errors import InputError
from sciner.localhost import ADDRESS
from sciner.review.server import ASSETS, MOST, ReviewServer
from tests.reviews import SENTENCES, reviewed, waiting_run


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    waiting_run(tmp_path)
    with reviewed(tmp_path) as found:
        yield found


def ask(
    server: ReviewServer, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> Answer:
    """As the page asks, whose cookie and origin are right, unless headers say otherwise."""
    host = f"{ADDRESS}:{server.server_port}"
    usual = {
        "Cookie": f"sciner-review-{server.server_port}={server.token}",
        "Origin": f"http://{host}",
        "Content-Type": "application/json",
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in (usual | given).items() if value}
    connection = HTTPConnection(host, timeout=5)
    connection.request(method, path, body, sent)
    response = connection.getresponse()
    found = Answer(response.status, dict(response.headers), response.read().decode())
    connection.close()
    return found


def save(server: ReviewServer, content: Any = None, **headers: str) -> Answer:
    row = {"id": "d#0", "tokens": SENTENCES[0].tokens, "spans": [[0, 1, "Task"]], "seconds": 2}
    content = {
        **row,
        "done": True,
        "revision": 0,
        "file": str(server.decisions.work.file),
        **(content or {}),
    }
    return ask(server, "/save", "POST", json.dumps(content).encode(), **headers)


def untouched(server: ReviewServer) -> bool:
    return not server.decisions.work.file.exists() and len(server.decisions) == 0


def test_the_address_gives_the_page_and_a_cookie_that_only_the_page_sends(
    server: ReviewServer,
) -> None:
    page = ask(server, f"/?token={server.token}", Cookie="")
    assert page.status == 200 and "<title>Review</title>" in page.text
    name, _, rest = page.headers["Set-Cookie"].partition("=")
    assert name == f"sciner-review-{server.server_port}"
    assert rest == f"{server.token}; Path=/; HttpOnly; SameSite=Strict"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and page.headers["Referrer-Policy"] == "no-referrer"
    assert server.token not in page.text
    for path in ASSETS:
        found = ask(server, path)
        assert found.status == 200 and "Set-Cookie" not in found.headers
        assert found.headers["X-Content-Type-Options"] == "nosniff"


def test_a_corpus_of_markup_is_sent_as_json(server: ReviewServer) -> None:
    found = ask(server, "/sentences")
    assert found.headers["Content-Type"].startswith("application/json")
    content = json.loads(found.text)
    assert [item["tokens"] for item in content["items"]] == [list(s.tokens) for s in SENTENCES]
    assert content["items"][0]["proposed"] == [[2, 3, "Method"], [5, 6, "Task"]]
    assert content["next"].startswith("sciner loop continue ")


def test_a_decision_is_saved_and_answered(server: ReviewServer) -> None:
    found = save(server)
    assert (found.status, json.loads(found.text)) == (
        200,
        {"spans": [[0, 1, "Task"]], "done": True, "seconds": 2.0, "revision": 1},
    )
    assert server.decisions.work.file.is_file()


@pytest.mark.parametrize("cookie", ["", "sciner-review-1=x", "other=y", "\x01", "=;;", "é=ü"])
def test_without_the_token_nothing_is_answered(server: ReviewServer, cookie: str) -> None:
    for word in ("", "?token=", "?token=wrong", f"?token={server.token[:-1]}", "?token=%ff%00"):
        assert ask(server, f"/{word}", Cookie=cookie).status == 403
    for path in ("/sentences", f"/sentences?token={server.token}", "/review.js", "/nowhere"):
        assert ask(server, path, Cookie=cookie).status == 403
    assert save(server, Cookie=cookie).status == 403 and untouched(server)
    name = f"sciner-review-{server.server_port}"
    assert ask(server, "/", Cookie=f"{name}={server.token}x").status == 403


def test_a_malformed_cookie_of_another_server_does_no_harm(server: ReviewServer) -> None:
    cookie = f'x={{"a": "b, c"}}; é; sciner-review-{server.server_port}={server.token}; y'
    assert ask(server, "/", Cookie=cookie).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../run.json",
        "/%2e%2e/run.json",
        "/..%2frun.json",
        "//etc/passwd",
        "/assets/../server.py",
        "/people/round_1.json",
        "/review.js/../../server.py",
        "/review.js%00",
        "/review/round_1/anna.json",
        "C:\\run.json",
        "http:/review.js",
        "*",
    ],
)
def test_there_is_nothing_but_the_page(server: ReviewServer, path: str) -> None:
    assert ask(server, path).status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "127.0.0.1.evil.example:{}"])
def test_another_name_of_this_machine_is_refused(server: ReviewServer, host: str) -> None:
    """A page that rebinds its name to 127.0.0.1 sends its own name."""
    name = host.format(server.server_port)
    assert ask(server, "/", Host=name).status == 421
    assert save(server, Host=name, Origin=f"http://{name}").status == 421
    assert untouched(server)


def test_the_page_is_reached_through_a_tunnel(server: ReviewServer) -> None:
    assert ask(server, "/", Host="localhost:8000").status == 200
    assert save(server, Host="localhost:8000", Origin="http://localhost:8000").status == 200


@pytest.mark.parametrize("origin", ["", "null", "http://127.0.0.1:1", "https://evil.example"])
def test_another_page_cannot_save(server: ReviewServer, origin: str) -> None:
    """Not even one of another port of this machine, to which the browser sends the cookie."""
    assert save(server, Origin=origin).status == 403 and untouched(server)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"{}", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b"", {"Content_Length": str(MOST + 1)}, 413),
        (b"", {"Content_Length": "9" * 400}, 413),
        (b"", {"Content_Length": "-1"}, 411),
        (b"", {"Content_Length": "ten"}, 411),
        (b"{}", {"Transfer_Encoding": "chunked"}, 411),
        (b"\xff", {}, 422),
        (b"[]", {}, 422),
        (b"{", {}, 422),
        (b"[" * 100_000, {}, 422),
        (b'{"id": "d#0", "seconds": NaN}', {}, 422),
        (b'{"id": "\\ud800"}', {}, 422),
        (b'{"id": "d#0", "file": "of another review"}', {}, 422),
    ],
)
def test_a_body_that_is_no_decision_is_refused(
    server: ReviewServer, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert ask(server, "/save", "POST", body, **headers).status == status
    assert untouched(server) and ask(server, "/").status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"spans": [[0, 1, "<img src=x onerror=alert(1)>"]]},
        {"tokens": ["<script>alert(1)</script>"]},
        {"spans": [[0, 99, "Task"]]},
        {"spans": [[0, 2, "Task"], [1, 3, "Task"]]},
        {"id": "../../etc/passwd"},
    ],
)
def test_illegal_labels_are_answered_with_what_is_wrong(
    server: ReviewServer, change: dict[str, Any]
) -> None:
    found = save(server, change)
    assert found.status == 422 and json.loads(found.text)["error"] and untouched(server)
    assert found.headers["Content-Type"].startswith("application/json")


def test_of_tabs_that_save_at_the_same_time_one_wins_and_the_others_are_told(
    server: ReviewServer,
) -> None:
    answers: list[Answer] = []
    spans = [[[n, n + 1, "Task"]] for n in range(6)]
    threads = [
        threading.Thread(target=lambda s=s: answers.append(save(server, {"spans": s})))
        for s in spans
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [200] + [409] * 5
    kept = next(json.loads(a.text) for a in answers if a.status == 200)
    for answer in answers:
        told = json.loads(answer.text)
        assert (told["spans"], told["revision"]) == (kept["spans"], 1)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_do_nothing(server: ReviewServer, method: str) -> None:
    assert ask(server, "/save", method).status == 501
    assert ask(server, "/nowhere", "POST", b"{}").status == 404 and untouched(server)


def test_a_browser_that_goes_away_leaves_no_trace(
    server: ReviewServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither does a request: the address has the token."""
    for sent in (b"", b"GET", b"POST /save HTTP/1.1\r\nContent-Length: 9\r\n\r\n", b"\x16\x03\x01"):
        with socket.create_connection((ADDRESS, server.server_port), timeout=5) as raw:
            raw.sendall(sent)
    assert ask(server, f"/?token={server.token}").status == 200
    assert capsys.readouterr() == ("", "")


def test_a_port_in_use_is_refused(server: ReviewServer) -> None:
    with pytest.raises(InputError, match=r"port \d+ cannot be used"):
        ReviewServer(server.decisions, server.server_port)


def test_a_page_of_another_review_saves_nothing_here(server: ReviewServer) -> None:
    """It may be open from before, at the same port, and its sentences have the same ids."""
    other = save(server, {"file": str(server.decisions.work.file.with_name("other.json"))})
    assert other.status == 422 and "this page is of another review" in other.text
    assert untouched(server) and save(server).status == 200
