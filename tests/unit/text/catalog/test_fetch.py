"""Named corpora come byte for byte, from wherever they are fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sciner.errors import InputError
from sciner.text.catalog.download import CHUNK
from sciner.text.catalog.entry import Entry
from sciner.text.catalog.fetch import fetch
from sciner.text.catalog.known import find

MIRROR = os.environ.get("SCINER_MIRROR")
FILES = {"train.conll": b"We O\n" * 10_000, "papers/a b.txt": b"We use Adam\n"}
TINY = Entry(
    name="tiny",
    task="",
    about="",
    splits=("train",),
    source="",
    licence="",
    citation="",
    places={"": "http://127.0.0.1:9/"},
    files={path: sha256(content).hexdigest() for path, content in FILES.items()},
    read=lambda folder, notes: {},
)


class Server(ThreadingHTTPServer):
    """Serves ``tiny/<path>``; can break after some bytes, and can forget about ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {
            f"/tiny/{path.replace(' ', '%20')}": content for path, content in FILES.items()
        }
        self.asked: list[tuple[str, str | None]] = []
        self.breaks: list[int] = []
        self.ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append((self.path, wanted))
        if self.path not in self.server.files:
            return self.send_error(404)
        content = self.server.files[self.path]
        start = (
            int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        )
        if start and start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        until = self.server.breaks.pop(0) if self.server.breaks else len(content)
        with suppress(OSError):
            self.wfile.write(content[start:until])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mirror on disk."""
    for path, content in FILES.items():
        place = tmp_path / "mirror" / "tiny" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tmp_path / "mirror"


def held(cache: Path) -> dict[str, bytes]:
    files = (path for path in (cache / "tiny").rglob("*") if path.is_file())
    return {path.relative_to(cache / "tiny").as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("kind", ["folder", "url", "published"])
def test_fetch_brings_the_published_bytes_from_any_place(
    tmp_path: Path, folder: Path, server: Server, kind: str
) -> None:
    published = replace(TINY, places={"": f"{server.url}/tiny/"})
    mirror = {"folder": str(folder), "url": f"{server.url}/", "published": None}[kind]
    done: list[int] = []
    assert (
        fetch(published, cache=tmp_path / "cache", mirror=mirror, progress=done.append)
        == tmp_path / "cache" / "tiny"
    )
    assert held(tmp_path / "cache") == FILES
    assert sum(done) == len(FILES)
    assert bool(server.asked) == (kind != "folder")


def test_a_second_fetch_downloads_nothing_and_a_changed_file_is_fetched_again(
    tmp_path: Path, server: Server
) -> None:
    fetch(TINY, cache=tmp_path, mirror=server.url)
    server.asked.clear()
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert server.asked == []
    (tmp_path / "tiny" / "train.conll").write_bytes(b"changed")
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert [path for path, _ in server.asked] == ["/tiny/train.conll"]
    assert held(tmp_path) == FILES


@pytest.mark.parametrize("kind", ["folder", "url"])
def test_a_wrong_checksum_is_refused_and_nothing_of_it_kept(
    tmp_path: Path, folder: Path, server: Server, kind: str
) -> None:
    (folder / "tiny" / "train.conll").write_bytes(b"other")
    server.files["/tiny/train.conll"] = b"other"
    expected, found = TINY.files["train.conll"], sha256(b"other").hexdigest()
    mirror = str(folder) if kind == "folder" else server.url
    with pytest.raises(
        InputError, match=rf"{mirror}/tiny/train.conll: SHA-256 is {found}, expected {expected}"
    ):
        fetch(TINY, cache=tmp_path / "cache", mirror=mirror)
    assert "train.conll" not in held(tmp_path / "cache")
    assert "train.conll.part" not in held(tmp_path / "cache")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_continued_where_the_server_can(
    tmp_path: Path, server: Server, ranges: bool
) -> None:
    server.ranges = ranges
    server.breaks = [2 * CHUNK, 4 * CHUNK]
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert held(tmp_path) == FILES
    asked = [wanted for path, wanted in server.asked if path.endswith("train.conll")]
    assert asked == [None, f"bytes={2 * CHUNK}-", f"bytes={4 * CHUNK}-"]


def test_what_breaks_for_good_leaves_its_part_for_the_next_fetch(
    tmp_path: Path, server: Server
) -> None:
    server.breaks = [CHUNK, CHUNK]  # the second attempt brings nothing
    with pytest.raises(
        InputError,
        match=r"train.conll: cannot be downloaded \(\w+\); try again later, set SCINER_MIRROR",
    ):
        fetch(TINY, cache=tmp_path, mirror=server.url)
    assert len(held(tmp_path)["train.conll.part"]) == CHUNK
    server.asked.clear()
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert server.asked[0] == ("/tiny/train.conll", f"bytes={CHUNK}-")
    assert held(tmp_path) == FILES


@pytest.mark.parametrize(
    ("bound", "value", "reason"),
    [
        ("MOST_BYTES", CHUNK, "more than 0 MB"),
        ("MOST_TRIES", 3, "it broke off 3 times"),
        ("MOST_SECONDS", -60, "not done in"),
    ],
)
def test_a_download_without_an_end_is_given_up(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    value: int,
    reason: str,
) -> None:
    """One that never stops, one that always breaks off, one that drips."""
    monkeypatch.setattr(f"sciner.text.catalog.download.{bound}", value)
    server.breaks = [n * CHUNK for n in range(1, 6)] if bound == "MOST_TRIES" else []
    with pytest.raises(InputError, match=rf"cannot be downloaded \({reason}.*SCINER_MIRROR"):
        fetch(TINY, cache=tmp_path, mirror=server.url)
    assert len(server.asked) == (3 if bound == "MOST_TRIES" else 1)
    assert sum(map(len, held(tmp_path).values())) <= 3 * CHUNK


@pytest.mark.parametrize(
    "part", [b"old bytes", FILES["train.conll"], FILES["train.conll"] + b"more"], ids=len
)
def test_a_part_of_whatever_origin_never_spoils_the_file(
    tmp_path: Path, server: Server, part: bytes
) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.conll.part").write_bytes(part)
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert held(tmp_path) == FILES


@pytest.mark.parametrize(
    ("mirror", "fault"),
    [
        (
            None,
            r":9/train.conll: cannot be downloaded \(ConnectionError\); .* or put the file at "
            r".*/tiny/train.conll",
        ),
        ("{url}/elsewhere", r"cannot be downloaded \(404 Client Error: Not Found\)"),
        ("nowhere", r"nowhere/tiny/train.conll: the mirror has no such file; check SCINER_MIRROR"),
    ],
)
def test_what_cannot_be_had_says_how_to_go_on(
    tmp_path: Path, server: Server, mirror: str | None, fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        fetch(TINY, cache=tmp_path, mirror=mirror and mirror.format(url=server.url))
    assert held(tmp_path) == {}


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(
        InputError, match=r"cache/tiny: cannot be written \(Not a directory\); set SCINER_DATA"
    ):
        fetch(TINY, cache=tmp_path / "cache", mirror=str(folder))


@pytest.mark.skipif(not MIRROR, reason="SCINER_MIRROR names no mirror of the published corpora")
def test_the_published_bytes_pass_over_http_too(tmp_path: Path, server: Server) -> None:
    copy = fetch(find("scierc"), cache=tmp_path / "copy", mirror=MIRROR)
    server.files = {f"/scierc/{path.name}": path.read_bytes() for path in copy.iterdir()}
    again = fetch(find("scierc"), cache=tmp_path, mirror=server.url)
    assert (
        {path.name for path in again.iterdir()}
        == {path.rpartition("/")[2] for path, _ in server.asked}
        == {*find("scierc").files}
    )
