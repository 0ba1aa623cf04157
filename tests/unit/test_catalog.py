"""Named corpora: fetched byte for byte, and read without loss."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sciner.config import DataConfig
from sciner.errors import InputError
from sciner.launch import check, parse_flags
from sciner.run import read_splits
from sciner.text.catalog.download import CHUNK
from sciner.text.catalog.entry import Entry
from sciner.text.catalog.fetch import fetch
from sciner.text.catalog.known import CATALOG, find
from sciner.text.catalog.read import READERS, name_papers, read_named
from sciner.text.corpus import Corpus, Sentence
from sciner.text.formats.brat import BOUND

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
)


class Server(ThreadingHTTPServer):
    """Serves ``tiny/<path>``; can break after some bytes, and can forget about ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/tiny/{path.replace(' ', '%20')}": content for path, content in FILES.items()}
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
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
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


# Fetching


@pytest.mark.parametrize("kind", ["folder", "url", "published"])
def test_fetch_brings_the_published_bytes_from_any_place(tmp_path: Path, folder: Path, server: Server, kind: str) -> None:
    published = replace(TINY, places={"": f"{server.url}/tiny/"})
    mirror = {"folder": str(folder), "url": f"{server.url}/", "published": None}[kind]
    done: list[int] = []
    assert fetch(published, cache=tmp_path / "cache", mirror=mirror, progress=done.append) == tmp_path / "cache" / "tiny"
    assert held(tmp_path / "cache") == FILES
    assert sum(done) == len(FILES)
    assert bool(server.asked) == (kind != "folder")


def test_a_second_fetch_downloads_nothing_and_a_changed_file_is_fetched_again(tmp_path: Path, server: Server) -> None:
    fetch(TINY, cache=tmp_path, mirror=server.url)
    server.asked.clear()
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert server.asked == []
    (tmp_path / "tiny" / "train.conll").write_bytes(b"changed")
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert [path for path, _ in server.asked] == ["/tiny/train.conll"]
    assert held(tmp_path) == FILES


@pytest.mark.parametrize("kind", ["folder", "url"])
def test_a_wrong_checksum_is_refused_and_nothing_of_it_kept(tmp_path: Path, folder: Path, server: Server, kind: str) -> None:
    (folder / "tiny" / "train.conll").write_bytes(b"other")
    server.files["/tiny/train.conll"] = b"other"
    expected, found = TINY.files["train.conll"], sha256(b"other").hexdigest()
    mirror = str(folder) if kind == "folder" else server.url
    with pytest.raises(InputError, match=rf"{mirror}/tiny/train.conll: SHA-256 is {found}, expected {expected}"):
        fetch(TINY, cache=tmp_path / "cache", mirror=mirror)
    assert "train.conll" not in held(tmp_path / "cache")
    assert "train.conll.part" not in held(tmp_path / "cache")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_continued_where_the_server_can(tmp_path: Path, server: Server, ranges: bool) -> None:
    server.ranges = ranges
    server.breaks = [2 * CHUNK, 4 * CHUNK]
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert held(tmp_path) == FILES
    asked = [wanted for path, wanted in server.asked if path.endswith("train.conll")]
    assert asked == [None, f"bytes={2 * CHUNK}-", f"bytes={4 * CHUNK}-"]


def test_what_breaks_for_good_leaves_its_part_for_the_next_fetch(tmp_path: Path, server: Server) -> None:
    server.breaks = [CHUNK, CHUNK]  # the second attempt brings nothing
    with pytest.raises(InputError, match=r"train.conll: cannot be downloaded \(\w+\); try again later, set SCINER_MIRROR"):
        fetch(TINY, cache=tmp_path, mirror=server.url)
    assert len(held(tmp_path)["train.conll.part"]) == CHUNK
    server.asked.clear()
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert server.asked[0] == ("/tiny/train.conll", f"bytes={CHUNK}-")
    assert held(tmp_path) == FILES


@pytest.mark.parametrize("part", [b"old bytes", FILES["train.conll"], FILES["train.conll"] + b"more"], ids=len)
def test_a_part_of_whatever_origin_never_spoils_the_file(tmp_path: Path, server: Server, part: bytes) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.conll.part").write_bytes(part)
    fetch(TINY, cache=tmp_path, mirror=server.url)
    assert held(tmp_path) == FILES


@pytest.mark.parametrize(
    ("mirror", "fault"),
    [
        (
            None,
            r":9/train.conll: cannot be downloaded \(ConnectionError\); .* or put the file at .*/tiny/train.conll",
        ),
        ("{url}/elsewhere", r"cannot be downloaded \(404 Client Error: Not Found\)"),
        ("nowhere", r"nowhere/tiny/train.conll: the mirror has no such file; check SCINER_MIRROR"),
    ],
)
def test_what_cannot_be_had_says_how_to_go_on(tmp_path: Path, server: Server, mirror: str | None, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        fetch(TINY, cache=tmp_path, mirror=mirror and mirror.format(url=server.url))
    assert held(tmp_path) == {}


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(InputError, match=r"cache/tiny: cannot be written \(Not a directory\); set SCINER_DATA"):
        fetch(TINY, cache=tmp_path / "cache", mirror=str(folder))


# The catalogue


def test_every_file_has_a_checksum_and_a_place_at_a_fixed_commit() -> None:
    assert CATALOG.keys() == READERS.keys()
    assert [len(entry.files) for entry in CATALOG.values()] == [3, 35, 3, 464]
    for entry in CATALOG.values():
        for path, digest in entry.files.items():
            assert re.fullmatch("[0-9a-f]{64}", digest)
            assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/[\w./-]+", entry.url(path))
    assert find("cmu_sciner").url("unlabelled.txt").endswith("/data/anlp-sciner-test.txt")
    assert find("cmu_sciner").url("annotated/P15-1070.conll").endswith("/data/annotated/P15-1070.conll")


def test_a_misspelt_or_missing_corpus_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no corpus 'scirec' in the catalogue; did you mean 'scierc'\?"):
        find("scirec")
    with pytest.raises(InputError, match=r"scierc/dev.txt: no such file; sciner data fetch scierc"):
        read_named("scierc", cache=tmp_path)


def test_papers_name_the_sentences_of_a_split() -> None:
    split = [Sentence(f"train/train#{i}", (word,), ()) for i, word in enumerate("abcab")]
    papers = {"x": [Sentence("/x#0", ("c",), ())], "y": split[:2], "z": split[:2]}
    assert [s.id for s in name_papers(split, papers, "train", Path("f"))] == [
        "train/y#0",
        "train/y#1",
        "train/x#0",
        "train/z#0",
        "train/z#1",
    ]
    with pytest.raises(InputError, match="f: no paper has sentence 2 and those behind it; fetch the corpus again"):
        name_papers(split, {"y": papers["y"]}, "train", Path("f"))


def configured(*words: str) -> DataConfig:
    """``data`` as a run with those words has it."""
    return check(parse_flags(words))[0][0].data


def test_a_run_asks_for_a_name_and_for_unlabelled_text_only_where_there_is_some() -> None:
    assert configured("data=cmu_sciner", "data.pool=unlabelled").name == "cmu_sciner"
    for words, fault in (
        (("data=scierc", "data.name=null"), "give data.name=NAME"),
        (("data=scierc", "data.name=scirec"), "did you mean 'scierc'"),
        (("data=scierc", "data.pool=both"), "give data.unlabelled=PATH"),
    ):
        with pytest.raises(InputError, match=fault):
            configured(*words)


# The corpora themselves

MIRROR = os.environ.get("SCINER_MIRROR")
real = pytest.mark.skipif(not MIRROR, reason="SCINER_MIRROR names no mirror of the published corpora")
FIGURES = {  # sentences, tokens, spans
    "scierc": {"train": (1861, 45412, 5572), "dev": (275, 6521, 808), "test": (551, 13401, 1683)},
    "cmu_sciner": {"train": (4389, 111911, 3378), "test": (1233, 30808, 870), "unlabelled": (922, 72511, 0)},
    "bc5cdr": {"train": (4560, 118170, 9385), "dev": (4581, 117453, 9593), "test": (4797, 124750, 9809)},
    "matsci": {"train": (1861, 53613, 18896), "dev": (110, 3560, 1190), "test": (157, 4051, 1259)},
}
LABELS = {"scierc": 6, "cmu_sciner": 7, "bc5cdr": 2, "matsci": 21}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def read(name: str, cache: Path) -> Corpus:
    fetch(find(name), cache=cache, mirror=MIRROR)
    return read_named(name, cache=cache)


@real
@pytest.mark.parametrize(
    "name", ["scierc", *(pytest.param(n, marks=pytest.mark.slow) for n in ("cmu_sciner", "bc5cdr", "matsci"))]
)
def test_a_named_corpus_has_its_published_splits_and_figures(cache: Path, name: str) -> None:
    corpus = read(name, cache)
    found = {
        split: (len(sentences), sum(len(s.tokens) for s in sentences), sum(len(s.spans or ()) for s in sentences))
        for split in ("train", "dev", "test", "unlabelled")
        if (sentences := getattr(corpus, split))
    }
    assert found == FIGURES[name]
    assert tuple(found) == find(name).splits
    assert len(corpus.labels) == LABELS[name]
    assert name == "matsci" or not corpus.notes


@real
def test_the_published_bytes_pass_over_http_too(tmp_path: Path, server: Server) -> None:
    copy = fetch(find("scierc"), cache=tmp_path / "copy", mirror=MIRROR)
    server.files = {f"/scierc/{path.name}": path.read_bytes() for path in copy.iterdir()}
    again = fetch(find("scierc"), cache=tmp_path, mirror=server.url)
    assert (
        {path.name for path in again.iterdir()}
        == {path.rpartition("/")[2] for path, _ in server.asked}
        == {*find("scierc").files}
    )


@real
@pytest.mark.slow
def test_cmu_sciner_knows_its_papers_and_gives_its_unlabelled_text_only_to_those_who_ask(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCINER_DATA", str(cache))
    for pool, paragraphs in (("withheld", 0), ("both", 922)):
        corpus = read_splits(configured("data=cmu_sciner", f"data.pool={pool}"))
        assert [len({s.document for s in split}) for split in (corpus.train, corpus.test)] == [24, 8]
        assert len(corpus.unlabelled) == paragraphs
        assert all(s.spans is None for s in corpus.unlabelled)


@real
@pytest.mark.slow
def test_matsci_keeps_every_gold_span_within_a_sentence(cache: Path) -> None:
    corpus = read("matsci", cache)
    assert corpus.notes == {
        "DOI lines left out": 230,
        "sentence ends inside a span ignored": 18,
        "tokens split at a span edge": 189,
    }
    kept: Counter[tuple[str, str, str]] = Counter()
    for sentence in (*corpus.train, *corpus.dev, *corpus.test):
        paper = sentence.document.rpartition("/")[2]
        for start, end, label in sentence.spans or ():
            assert 0 <= start < end <= len(sentence.tokens)
            kept[paper, label, "".join(sentence.tokens[start:end])] += 1
    gold: Counter[tuple[str, str, str]] = Counter()
    for file in (cache / "matsci" / "data").glob("*.ann"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if match := BOUND.fullmatch(line):
                gold[file.stem, match[2], "".join(match[4].split())] += 1
    assert kept == gold
    assert gold.total() == 21345
